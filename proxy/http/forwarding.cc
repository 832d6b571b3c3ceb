#include "proxy/http/forwarding.h"

#include "proxy/http/authority.h"
#include "proxy/identity/xfcc.h"

namespace mantlet::http {

std::string_view ForwardedHost(const RequestHead& head, std::string_view default_host) {
  if (!head.authority.empty()) return head.authority;
  return IsValidAuthority(default_host) ? default_host : "localhost";
}

bool PassesRequestField(const HeaderView& field, const RequestHead& head,
                        const identity::StripSet& strip, const ListedOptions& listed) {
  switch (field.id) {
    case HeaderId::kHost:
    case HeaderId::kContentLength:
    case HeaderId::kXForwardedFor:
    case HeaderId::kXForwardedHost:
    case HeaderId::kXForwardedProto:
    case HeaderId::kXForwardedClientCert:
      return false;  // written by mantlet
    case HeaderId::kExpect:
      return head.expect_continue;
    case HeaderId::kTrailer:
      return head.framing.kind == Framing::Kind::kChunked;
    default:
      return !IsHopByHop(field.id) && !strip.Contains(field.name) && !listed.Contain(field.name);
  }
}

bool AsksForTrailers(const HeaderList& headers) {
  if (!headers.Has(HeaderId::kTe)) return false;
  for (const HeaderView field : headers) {
    if (field.id == HeaderId::kTe && ListContains(field.value, "trailers")) return true;
  }
  return false;
}

bool IsBodyless(const ResponseHead& head, Method request_method) {
  return request_method == Method::kHead || head.status == 101 || head.status == 204 ||
         head.status == 304;
}

std::optional<std::string_view> LengthWithoutContent(const ResponseHead& head) {
  if (head.status == 101 || head.status == 204) return std::nullopt;
  return head.headers.Find(HeaderId::kContentLength);
}

bool VariesByCertificate(const HeaderList& headers) {
  if (!headers.Has(HeaderId::kVary)) return false;
  for (const HeaderView field : headers) {
    if (field.id != HeaderId::kVary) continue;
    if (ListContains(field.value, "Client-Cert") ||
        ListContains(field.value, "Client-Cert-Chain")) {
      return true;
    }
  }
  return false;
}

bool internal::CanBeExtended(std::string_view list) { return identity::IsWellFormedXfcc(list); }

}  // namespace mantlet::http
