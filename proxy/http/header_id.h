// HeaderId identifies the header fields that mantlet acts on. A field is identified once, when it
// is parsed; later code compares ids instead of names. Pure functions, safe from any thread.

#ifndef MANTLET_PROXY_HTTP_HEADER_ID_H_
#define MANTLET_PROXY_HTTP_HEADER_ID_H_

#include <cstdint>
#include <string_view>

namespace mantlet::http {

enum class HeaderId : uint8_t {
  kOther,
  kTe,
  kVia,
  kDate,
  kHost,
  kVary,
  kExpect,
  kServer,
  kTrailer,
  kUpgrade,
  kConnection,
  kKeepAlive,
  kGrpcStatus,
  kContentType,
  kContentLength,
  kHttp2Settings,
  kXForwardedFor,
  kXForwardedHost,
  kXForwardedProto,
  kProxyConnection,
  kProxyAuthenticate,
  kProxyAuthorization,
  kTransferEncoding,
  kXForwardedClientCert,  // the last: HeaderList keeps a bit for each
};

// Returns the id of `name`, ignoring letter case; kOther for a name that is not listed above.
HeaderId IdentifyHeader(std::string_view name);

// Returns whether the field is hop-by-hop (RFC 9110 section 7.6.1) and is never forwarded
// unchanged: Connection, Keep-Alive, Proxy-Connection, TE, Transfer-Encoding, Upgrade,
// HTTP2-Settings, Proxy-Auth*.
bool IsHopByHop(HeaderId id);

}  // namespace mantlet::http

#endif  // MANTLET_PROXY_HTTP_HEADER_ID_H_
