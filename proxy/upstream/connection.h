// One connection to an upstream: an HTTP/1.1 client that is in somebody's hands
// (its User) for one exchange at a time and otherwise idle in its pool.
//
// One loop's thread only. The pool owns it while idle, the User while in use;
// it is handed back with Pool::Return, never just dropped.

#ifndef MANTLET_PROXY_UPSTREAM_CONNECTION_H_
#define MANTLET_PROXY_UPSTREAM_CONNECTION_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>

#include "config/config.h"
#include "proxy/base/proxy_error.h"
#include "proxy/http/message.h"
#include "proxy/http1/response_parser.h"
#include "proxy/io/byte_stream.h"
#include "proxy/io/socket_address.h"
#include "proxy/io/stream.h"

namespace mantlet::upstream {

class Connection final : private io::ByteStreamHandler, private http1::ResponseSink {
 public:
  // What the exchange hears. From inside the On...Head/Body/Trailers calls the
  // connection must not be returned; from inside the others it may.
  class User {
   public:
    virtual void OnInterimResponse(const http::ResponseHead& head) = 0;
    virtual void OnResponseHead(const http::ResponseHead& head) = 0;
    virtual void OnResponseBody(std::string_view piece) = 0;
    virtual void OnResponseTrailers(const http::HeaderList& trailers) = 0;
    // `rest`: bytes behind a 101; they belong to the tunnel.
    virtual void OnResponseEnd(std::string_view rest) = 0;
    // Everything that one read brought has been delivered: time to flush.
    virtual void OnResponsePause() = 0;
    virtual void OnUpstreamDrained() = 0;
    // The connection is dead; return it.
    virtual void OnUpstreamError(base::ProxyError error) = 0;

   protected:
    ~User() = default;
  };

  // Who keeps it while it is idle.
  class Keeper {
   public:
    // The upstream has closed it, or said something that nobody asked for.
    virtual void OnIdleLost(Connection* connection) = 0;

   protected:
    ~Keeper() = default;
  };

  // `stream` is connected to `address`.
  Connection(std::unique_ptr<io::Stream> stream, const io::SocketAddress& address,
             const config::UpstreamLimits& limits);

  // Before each exchange.
  void Begin(User* user, http::Method method, bool upgrade_asked);
  // The exchange sees no more events.
  void Detach() { user_ = nullptr; }
  // Loop::Retire(): nothing is heard or told any more.
  void OnRetired();

  io::ByteStream& stream() { return *stream_; }
  // After a 101: gives the stream away; this object is of no use any more.
  std::unique_ptr<io::ByteStream> TakeStream();

  // It has been idle, or has carried an exchange before: the upstream may be closing it just now.
  bool reused() const { return exchanges_ > 1 || was_idle_; }
  // A byte of the current response has come, if only of an interim one.
  bool response_begun() const { return response_begun_; }
  // The last exchange left it in a state to be used again.
  bool reusable() const { return reusable_; }
  // The head of the response that has begun last, until the next one begins.
  const http::ResponseHead& response_head() const { return parser_.head(); }

  // For the pool.
  const io::SocketAddress& address() const { return address_; }
  // Idle since `now_ms`, until Begin(); for `limit_ms` at most.
  void SetIdle(Keeper* keeper, int64_t now_ms, int64_t limit_ms);
  int64_t idle_since_ms() const { return idle_since_ms_; }
  int64_t idle_limit_ms() const { return idle_limit_ms_; }
  // What the upstream has said with its last response about how long it keeps an idle
  // connection open ("Keep-Alive: timeout=5").
  std::optional<int64_t> announced_idle_ms() const;
  // While idle: neither an end nor a byte is waiting to be read.
  bool IsQuiet() const { return stream_->IsQuiet(); }

 private:
  // io::ByteStreamHandler
  void OnData(std::string_view bytes) override;
  void OnEnd() override;
  void OnStreamError(const io::StreamError& error) override;
  void OnDrained() override;
  // http1::ResponseSink
  void OnInterimResponse(http::ResponseHead& head) override { user_->OnInterimResponse(head); }
  void OnResponseHead(http::ResponseHead& head) override { user_->OnResponseHead(head); }
  void OnResponseBody(std::string_view piece) override { user_->OnResponseBody(piece); }
  void OnResponseTrailers(const http::HeaderList& t) override { user_->OnResponseTrailers(t); }
  void OnResponseEnd() override {}

  base::ProxyError ErrorOf(const http1::ParseError& error) const;
  void Lost(base::ProxyError error);

  std::unique_ptr<io::Stream> stream_;
  const io::SocketAddress address_;
  const config::UpstreamLimits limits_;
  http1::ResponseParser parser_;
  User* user_ = nullptr;
  Keeper* keeper_ = nullptr;  // while idle
  int64_t idle_since_ms_ = 0;
  int64_t idle_limit_ms_ = 0;
  uint64_t exchanges_ = 0;
  bool was_idle_ = false;
  bool response_begun_ = false;
  bool reusable_ = true;
};

}  // namespace mantlet::upstream

#endif  // MANTLET_PROXY_UPSTREAM_CONNECTION_H_
