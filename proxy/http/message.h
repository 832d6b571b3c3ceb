// RequestHead and ResponseHead are the heads of messages as values, independent of the codec.
// Reset() keeps the memory; a connection reuses one of each. Not thread-safe; each belongs to one
// connection.

#ifndef MANTLET_PROXY_HTTP_MESSAGE_H_
#define MANTLET_PROXY_HTTP_MESSAGE_H_

#include <cstdint>
#include <memory_resource>
#include <string>
#include <string_view>

#include "proxy/http/header_list.h"
#include "proxy/http/method.h"

namespace mantlet::http {

enum class Version : uint8_t { kHttp10, kHttp11, kHttp2 };
// Returns "HTTP/1.0", "HTTP/1.1" or "HTTP/2".
std::string_view VersionName(Version version);

// Framing determines how the end of a message body is found (RFC 9112 section 6.3).
struct Framing {
  enum class Kind : uint8_t {
    kNone,           // no body at all
    kContentLength,  // exactly `length` bytes; may be 0
    kChunked,
    kUntilClose,  // responses only
  };
  Kind kind = Kind::kNone;
  uint64_t length = 0;  // kContentLength only

  // Returns whether body bytes may follow the head.
  bool has_body() const {
    return kind == Kind::kChunked || kind == Kind::kUntilClose ||
           (kind == Kind::kContentLength && length > 0);
  }
  bool operator==(const Framing&) const = default;
};

struct RequestHead {
  RequestHead() = default;
  // `memory`, for the header fields, outlives the head.
  explicit RequestHead(std::pmr::memory_resource* memory) : headers(memory) {}

  Method method = Method::kGet;
  std::string method_text;
  // The request-target in the form for the upstream: origin-form, or "*" for OPTIONS. An
  // absolute-form target has been split into this and `authority`.
  std::string target;
  // The validated host and port of the request. The authority of an absolute-form target overrides
  // Host (RFC 9112 section 3.2.2). Empty only for an HTTP/1.0 request that has neither.
  std::string authority;
  Version version = Version::kHttp11;
  Framing framing;
  // True if the client lets the connection persist after this exchange.
  bool keep_alive = true;
  // True if the client waits for 100 (Continue) before it sends its body.
  bool expect_continue = false;
  // The protocol that the client wants to switch to, such as "websocket". Empty if it asked for
  // none, for more than one, or for one that is not tunnelled (any HTTP or TLS). The body of the
  // request comes before the new protocol (RFC 9110 section 7.8).
  std::string upgrade;
  // The reason why the request's Upgrade is not forwarded, a literal for the log. Empty if it is
  // forwarded or there is none.
  std::string_view upgrade_ignored;
  // True for a gRPC call: Content-Type is application/grpc, over HTTP/2.
  bool grpc = false;
  HeaderList headers;

  bool wants_upgrade() const { return !upgrade.empty(); }
  void Reset();
};

struct ResponseHead {
  ResponseHead() = default;
  explicit ResponseHead(std::pmr::memory_resource* memory) : headers(memory) {}

  int status = 0;
  std::string reason;  // may be empty
  Version version = Version::kHttp11;
  Framing framing;
  // True if the upstream lets the connection persist after this exchange. False if the body ends
  // with the connection.
  bool keep_alive = true;
  HeaderList headers;

  void Reset();
};

}  // namespace mantlet::http

#endif  // MANTLET_PROXY_HTTP_MESSAGE_H_
