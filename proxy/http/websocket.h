// The handshake of WebSockets as far as a translation between versions of HTTP needs it: HTTP/2 has
// no key and no answer to it (RFC 8441 section 5), HTTP/1.1 has both (RFC 6455 section 4.2.2).
// Any thread.

#ifndef MANTLET_PROXY_HTTP_WEBSOCKET_H_
#define MANTLET_PROXY_HTTP_WEBSOCKET_H_

#include <string>
#include <string_view>

namespace mantlet::http {

// Returns the value of Sec-WebSocket-Accept for a value of Sec-WebSocket-Key. It proves that the
// server has understood the request, and no secret depends on it.
std::string WebSocketAccept(std::string_view key);

// Returns a new, random value of Sec-WebSocket-Key.
std::string NewWebSocketKey();

}  // namespace mantlet::http

#endif  // MANTLET_PROXY_HTTP_WEBSOCKET_H_
