#include "proxy/http1/head_writer.h"

#include "proxy/http1/field_text.h"

namespace mantlet::http1 {

using http::Framing;
using http::HeaderId;
using http::HeaderView;
using http::RequestHead;
using http::ResponseHead;

namespace {

// Appends the fields of this hop: TE, and the protocol to switch to.
void AppendConnection(const RequestHead& head, bool tunnel, std::string& out) {
  const bool trailers = http::AsksForTrailers(head.headers);
  if (trailers) AppendField(out, "TE", "trailers");
  if (tunnel) AppendField(out, "Upgrade", head.upgrade);
  if (!trailers && !tunnel) return;
  AppendField(out, "Connection", trailers && tunnel ? "TE, Upgrade" : trailers ? "TE" : "Upgrade");
}

// Returns how the content is framed for this client.
Framing FramingFor(const ResponseHead& head, const ResponseOptions& options) {
  if (http::IsBodyless(head, options.request_method)) return {};
  if (head.framing.kind == Framing::Kind::kContentLength) return head.framing;
  // An HTTP/2 response that ended with its head.
  if (head.framing.kind == Framing::Kind::kNone) return {Framing::Kind::kContentLength, 0};
  return {options.client_version == http::Version::kHttp11 ? Framing::Kind::kChunked
                                                           : Framing::Kind::kUntilClose,
          0};
}

void AppendStatusLine(const ResponseHead& head, std::string& out) {
  out.append("HTTP/1.1 ");
  AppendNumber(out, static_cast<uint64_t>(head.status));
  out.append(" ").append(head.reason).append("\r\n");
}

// Upgrade is meaningful with 101, and with 426, which must list the protocols.
bool KeepsUpgrade(int status) { return status == 101 || status == 426; }

void AppendUpgrade(const ResponseHead& head, std::string& out) {
  for (const HeaderView field : head.headers) {
    if (field.id == HeaderId::kUpgrade) AppendField(out, "Upgrade", field.value);
  }
}

void AppendConnection(const ResponseHead& head, const ResponseOptions& options, bool keep_alive,
                      std::string& out) {
  const bool upgrade = KeepsUpgrade(head.status) && head.headers.Find(HeaderId::kUpgrade);
  if (upgrade) AppendUpgrade(head, out);
  if (head.status == 101) {
    out.append("Connection: Upgrade\r\n");
  } else if (!keep_alive) {
    out.append(upgrade ? "Connection: close, Upgrade\r\n" : "Connection: close\r\n");
  } else if (options.client_version == http::Version::kHttp10) {
    out.append("Connection: keep-alive\r\n");
  } else if (upgrade) {
    out.append("Connection: Upgrade\r\n");
  }
}

}  // namespace

void AppendRequestHead(const RequestHead& head, const http::RequestForwarding& forwarding,
                       std::string& out) {
  out.append(head.method_text).append(" ");
  out.append(forwarding.target.empty() ? head.target : forwarding.target).append(" HTTP/1.1\r\n");
  AppendField(out, "Host", http::ForwardedHost(head, forwarding.default_host));
  FieldText fields(out);
  http::ForwardRequestFields(head, forwarding, fields);
  AppendConnection(head, forwarding.tunnel_upgrade && head.wants_upgrade(), out);
  AppendFraming(out, head.framing);
  out.append("\r\n");
}

WrittenResponse AppendResponseHead(const ResponseHead& head, const ResponseOptions& options,
                                   std::string& out) {
  WrittenResponse result;
  result.framing = FramingFor(head, options);
  result.keep_alive = options.keep_alive && result.framing.kind != Framing::Kind::kUntilClose;
  AppendStatusLine(head, out);
  FieldText fields(out);
  http::ForwardResponseFields(head, result.framing.kind == Framing::Kind::kChunked, fields);
  AppendConnection(head, options, result.keep_alive, out);
  if (http::IsBodyless(head, options.request_method)) {
    if (const auto length = http::LengthWithoutContent(head)) {
      AppendField(out, "Content-Length", *length);
    }
  } else {
    AppendFraming(out, result.framing);
  }
  out.append("\r\n");
  return result;
}

void AppendInterimHead(const ResponseHead& head, http::Version client_version, std::string& out) {
  if (client_version == http::Version::kHttp10) return;
  AppendStatusLine(head, out);
  FieldText fields(out);
  http::ForwardResponseFields(head, false, fields);
  out.append("\r\n");
}

}  // namespace mantlet::http1
