#include "proxy/http/header_id.h"

#include <cstddef>

#include "proxy/http/tokens.h"

namespace mantlet::http {
namespace {

struct Known {
  std::string_view name;
  HeaderId id;
};

// Sorted by length. A name is compared only with the few names of its own length, two or three.
constexpr Known kKnown[] = {
    {"TE", HeaderId::kTe},
    {"Via", HeaderId::kVia},
    {"Date", HeaderId::kDate},
    {"Host", HeaderId::kHost},
    {"Vary", HeaderId::kVary},
    {"Expect", HeaderId::kExpect},
    {"Server", HeaderId::kServer},
    {"Trailer", HeaderId::kTrailer},
    {"Upgrade", HeaderId::kUpgrade},
    {"Connection", HeaderId::kConnection},
    {"Keep-Alive", HeaderId::kKeepAlive},
    {"grpc-status", HeaderId::kGrpcStatus},
    {"Content-Type", HeaderId::kContentType},
    {"Content-Length", HeaderId::kContentLength},
    {"HTTP2-Settings", HeaderId::kHttp2Settings},
    {"X-Forwarded-For", HeaderId::kXForwardedFor},
    {"X-Forwarded-Host", HeaderId::kXForwardedHost},
    {"Proxy-Connection", HeaderId::kProxyConnection},
    {"X-Forwarded-Proto", HeaderId::kXForwardedProto},
    {"Transfer-Encoding", HeaderId::kTransferEncoding},
    {"Proxy-Authenticate", HeaderId::kProxyAuthenticate},
    {"Proxy-Authorization", HeaderId::kProxyAuthorization},
    {"X-Forwarded-Client-Cert", HeaderId::kXForwardedClientCert},
};
constexpr size_t kCount = sizeof(kKnown) / sizeof(kKnown[0]);
constexpr size_t kLongest = 23;

constexpr uint32_t LetterBit(char c) { return uint32_t{1} << (c & 31); }

struct LengthIndex {
  uint8_t begin[kLongest + 2] = {};
  uint32_t first_letters[kLongest + 1] = {};  // first letters of the names of that length
};

// The names of length n are at begin[n] .. begin[n + 1].
constexpr LengthIndex MakeIndex() {
  LengthIndex index;
  size_t at = 0;
  for (size_t length = 0; length <= kLongest + 1; ++length) {
    while (at < kCount && kKnown[at].name.size() < length) ++at;
    index.begin[length] = static_cast<uint8_t>(at);
  }
  for (const Known& known : kKnown) {
    index.first_letters[known.name.size()] |= LetterBit(known.name[0]);
  }
  return index;
}
constexpr LengthIndex kIndex = MakeIndex();
static_assert(kKnown[kCount - 1].name.size() == kLongest);
static_assert(kIndex.begin[kLongest + 1] == kCount);

}  // namespace

HeaderId IdentifyHeader(std::string_view name) {
  if (name.empty() || name.size() > kLongest) return HeaderId::kOther;
  // Most unknown names are rejected here.
  if ((kIndex.first_letters[name.size()] & LetterBit(name[0])) == 0) return HeaderId::kOther;
  for (size_t i = kIndex.begin[name.size()]; i < kIndex.begin[name.size() + 1]; ++i) {
    // First in the usual letter case, then in any other.
    if (name == kKnown[i].name || EqualsIgnoreCase(name, kKnown[i].name)) return kKnown[i].id;
  }
  return HeaderId::kOther;
}

bool IsHopByHop(HeaderId id) {
  switch (id) {
    case HeaderId::kTe:
    case HeaderId::kUpgrade:
    case HeaderId::kConnection:
    case HeaderId::kKeepAlive:
    case HeaderId::kHttp2Settings:
    case HeaderId::kProxyConnection:
    case HeaderId::kProxyAuthenticate:
    case HeaderId::kProxyAuthorization:
    case HeaderId::kTransferEncoding:
      return true;
    default:
      return false;
  }
}

}  // namespace mantlet::http
