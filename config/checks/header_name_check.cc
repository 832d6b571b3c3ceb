#include "config/checks/header_name_check.h"

#include <algorithm>
#include <iterator>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "proxy/pattern/header_name.h"

namespace mantlet::config {
namespace {

// Returns whether `c` may be part of a token (RFC 9110 section 5.6.2).
bool IsTokenCharacter(char c) {
  return absl::ascii_isalnum(c) ||
         (c != '\0' && absl::string_view("!#$%&'*+-.^_`|~").find(c) != absl::string_view::npos);
}

// Fields for one hop, framing and routing: their values are for the next hop only, or they
// determine where a message ends or goes.
constexpr absl::string_view kReserved[] = {
    "connection",          "content-length",   "expect",       "host",
    "http2-settings",      "keep-alive",       "max-forwards", "proxy-authenticate",
    "proxy-authorization", "proxy-connection", "te",           "trailer",
    "transfer-encoding",   "upgrade",
};

// Fields that mantlet writes always, or by other keys.
constexpr absl::string_view kOurs[] = {
    "client-cert", "client-cert-chain", "x-forwarded-for", "x-forwarded-host", "x-forwarded-proto",
};

constexpr absl::string_view kXfcc = "x-forwarded-client-cert";

template <size_t N>
bool Contains(const absl::string_view (&names)[N], absl::string_view name) {
  return std::find(std::begin(names), std::end(names), name) != std::end(names);
}

std::optional<Problem> CheckToken(const std::string& name) {
  if (!name.empty() && std::all_of(name.begin(), name.end(), IsTokenCharacter)) return std::nullopt;
  return Problem{absl::StrCat("'", name, "' is not a header name"),
                 "use letters, digits and '-', e.g. X-SSL-Client-S-DN"};
}

}  // namespace

std::optional<Problem> CheckHeaderName(const std::string& name, bool writes_xfcc) {
  if (auto problem = CheckToken(name)) return problem;
  const std::string folded = pattern::FoldHeaderName(name);
  if (Contains(kReserved, folded)) {
    return Problem{absl::StrCat("'", name, "' belongs to HTTP itself and cannot be set"),
                   "choose another name, e.g. X-SSL-Client-S-DN"};
  }
  if (folded == kXfcc && writes_xfcc) {
    return Problem{absl::StrCat("'", name, "' is written by mantlet itself"),
                   "write xfcc: sanitize to set it yourself, or choose another name"};
  }
  if (Contains(kOurs, folded)) {
    return Problem{absl::StrCat("'", name, "' is written by mantlet itself"),
                   "see xfcc and client_cert, or choose another name"};
  }
  return std::nullopt;
}

std::optional<Problem> CheckRemovedHeader(const std::string& name) {
  if (auto problem = CheckToken(name)) return problem;
  const std::string folded = pattern::FoldHeaderName(name);
  if (Contains(kReserved, folded)) {
    return Problem{absl::StrCat("'", name, "' belongs to HTTP itself and cannot be removed"),
                   "leave it out"};
  }
  if (folded == kXfcc || Contains(kOurs, folded)) {
    return Problem{absl::StrCat("the client's header '", name, "' is already removed"),
                   "leave it out; see xfcc, client_cert and forwarded_for"};
  }
  return std::nullopt;
}

}  // namespace mantlet::config
