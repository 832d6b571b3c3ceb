// What an intermediary does to a message head between its two sides (RFC 9110
// section 7.6, RFC 9112 section 9): hop-by-hop fields go, the identity family
// goes before ours is set, X-Forwarded-* is written, framing is said anew. The
// result is appended as HTTP/1.1 text. Pure functions; no allocation besides the
// growth of `out`.

#ifndef MANTLET_PROXY_HTTP_FORWARDING_H_
#define MANTLET_PROXY_HTTP_FORWARDING_H_

#include <string>
#include <string_view>

#include "proxy/http/message.h"
#include "proxy/identity/identity_headers.h"
#include "proxy/identity/strip_set.h"

namespace mantlet::http {

// What a connection adds to each of its requests. All of it outlives the call.
struct RequestForwarding {
  const identity::StripSet& strip;
  const identity::RenderedIdentity& identity;
  std::string_view client_address;  // without port, IPv6 without brackets
  std::string_view default_host;    // Host for an HTTP/1.0 request without; else "localhost"
  // Forward the Upgrade that head.upgrade asks for. Otherwise the upstream never
  // learns of it.
  bool tunnel_upgrade = false;
  // Leave out the X-Forwarded-For that came; otherwise the client's address goes behind it.
  bool replace_forwarded_for = false;
  // What to ask for instead of head.target; empty: that.
  std::string_view target = {};
};

// Appends the request head for the upstream. Its body is framed as head.framing says.
void ForwardRequestHead(const RequestHead& head, const RequestForwarding& how, std::string& out);

// What the downstream side of an exchange allows.
struct ResponseForwarding {
  Version client_version = Version::kHttp11;
  Method request_method = Method::kGet;
  // Whether we want the downstream connection to persist (the request allowed it
  // and we are not draining).
  bool keep_alive = true;
};

struct ForwardedResponse {
  Framing framing;  // how the body must be written downstream
  // False: the head says so, and the connection ends with this response.
  bool keep_alive = true;
};

// Appends the final (or 101) response head for the client.
ForwardedResponse ForwardResponseHead(const ResponseHead& head, const ResponseForwarding& how,
                                      std::string& out);

// Appends a 1xx head other than 101. Nothing for an HTTP/1.0 client, which must
// not be sent one.
void ForwardInterimResponse(const ResponseHead& head, Version client_version, std::string& out);

// Appends the trailer fields that may travel on, "Name: value" lines without the
// empty line that ends the section. RFC 9110 section 6.5.1: nothing that frames,
// routes, authenticates or identifies.
void ForwardRequestTrailers(const HeaderList& trailers, const identity::StripSet& strip,
                            std::string& out);
void ForwardResponseTrailers(const HeaderList& trailers, std::string& out);

}  // namespace mantlet::http

#endif  // MANTLET_PROXY_HTTP_FORWARDING_H_
