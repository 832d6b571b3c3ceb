#include "proxy/http/field_output.h"
#include "proxy/http/forwarding.h"

namespace mantlet::http {
namespace {

// RFC 9440 section 2.4: a response that was chosen by the client certificate
// cannot be chosen again by a cache that never sees the field.
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

bool IsBodyless(const ResponseHead& head, Method request_method) {
  return request_method == Method::kHead || head.status == 101 || head.status == 204 ||
         head.status == 304;
}

// How the body, if any, is framed for this client.
Framing Reframe(const ResponseHead& head, const ResponseForwarding& how) {
  if (IsBodyless(head, how.request_method)) return {};
  if (head.framing.kind == Framing::Kind::kContentLength) return head.framing;
  return {
      how.client_version == Version::kHttp11 ? Framing::Kind::kChunked : Framing::Kind::kUntilClose,
      0};
}

// A response without a body may still tell the length that another would have
// (RFC 9110 section 8.6): to HEAD, and with 304. Never with 101 or 204.
void AppendLengthOfNoBody(const ResponseHead& head, std::string& out) {
  if (head.status == 101 || head.status == 204) return;
  const auto length = head.headers.Find(HeaderId::kContentLength);
  if (length) AppendField(out, "Content-Length", *length);
}

void AppendStatusLine(const ResponseHead& head, std::string& out) {
  out.append("HTTP/1.1 ");
  AppendNumber(out, static_cast<uint64_t>(head.status));
  out.append(" ").append(head.reason).append("\r\n");
}

void AppendFields(const ResponseHead& head, bool chunked, std::string& out) {
  const ListedOptions listed(head.headers);
  const bool vary_all = VariesByCertificate(head.headers);
  for (const HeaderView field : head.headers) {
    if (IsHopByHop(field.id) || field.id == HeaderId::kContentLength) continue;
    if (field.id == HeaderId::kVary && vary_all) continue;
    if (field.id == HeaderId::kTrailer && !chunked) continue;
    if (listed.Contain(field.name)) continue;
    AppendField(out, field.name, field.value);
  }
  if (vary_all) out.append("Vary: *\r\n");
}

// Upgrade means something with 101, and with 426, which must name the protocols.
bool KeepsUpgrade(int status) { return status == 101 || status == 426; }

void AppendUpgrade(const ResponseHead& head, std::string& out) {
  for (const HeaderView field : head.headers) {
    if (field.id == HeaderId::kUpgrade) AppendField(out, "Upgrade", field.value);
  }
}

void AppendConnection(const ResponseHead& head, const ResponseForwarding& how, bool keep_alive,
                      std::string& out) {
  const bool upgrade = KeepsUpgrade(head.status) && head.headers.Find(HeaderId::kUpgrade);
  if (upgrade) AppendUpgrade(head, out);
  if (head.status == 101) {
    out.append("Connection: Upgrade\r\n");
    return;
  }
  if (!keep_alive) {
    out.append(upgrade ? "Connection: close, Upgrade\r\n" : "Connection: close\r\n");
  } else if (how.client_version == Version::kHttp10) {
    out.append("Connection: keep-alive\r\n");
  } else if (upgrade) {
    out.append("Connection: Upgrade\r\n");
  }
}

}  // namespace

ForwardedResponse ForwardResponseHead(const ResponseHead& head, const ResponseForwarding& how,
                                      std::string& out) {
  ForwardedResponse result;
  result.framing = Reframe(head, how);
  result.keep_alive = how.keep_alive && result.framing.kind != Framing::Kind::kUntilClose;
  AppendStatusLine(head, out);
  AppendFields(head, result.framing.kind == Framing::Kind::kChunked, out);
  AppendConnection(head, how, result.keep_alive, out);
  if (IsBodyless(head, how.request_method)) {
    AppendLengthOfNoBody(head, out);
  } else {
    AppendFraming(out, result.framing);
  }
  out.append("\r\n");
  return result;
}

void ForwardInterimResponse(const ResponseHead& head, Version client_version, std::string& out) {
  if (client_version == Version::kHttp10) return;
  AppendStatusLine(head, out);
  AppendFields(head, false, out);
  out.append("\r\n");
}

}  // namespace mantlet::http
