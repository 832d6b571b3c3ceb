// The header fields that mantlet itself acts on. A field is recognised once,
// when it is parsed; every later pass switches on the id instead of comparing
// names again. Pure; safe from any thread.

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

// Letter case does not matter. kOther for every name not listed above.
HeaderId IdentifyHeader(std::string_view name);

// Fields that belong to one hop only (RFC 9110 section 7.6.1) and are never
// forwarded as they came: Connection, Keep-Alive, Proxy-Connection, TE,
// Transfer-Encoding, Upgrade, HTTP2-Settings, Proxy-Auth*.
bool IsHopByHop(HeaderId id);

}  // namespace mantlet::http

#endif  // MANTLET_PROXY_HTTP_HEADER_ID_H_
