// Connection is one pooled connection to an upstream: an HTTP/1.1 client that carries one request
// at a time and is idle in between. The pool owns it while it is idle, a Lease while it carries a
// request. One loop's thread only.

#ifndef MANTLET_PROXY_UPSTREAM_CONNECTION_H_
#define MANTLET_PROXY_UPSTREAM_CONNECTION_H_

#include <cstdint>
#include <memory>
#include <optional>

#include "config/config.h"
#include "proxy/http/codec.h"
#include "proxy/http1/client_codec.h"
#include "proxy/io/buffer_pool.h"
#include "proxy/io/byte_stream.h"
#include "proxy/io/socket_address.h"

namespace mantlet::upstream {

class Connection final : private http1::ClientCodec::Observer {
 public:
  // The owner of the connection while it is idle.
  class Observer {
   public:
    // The upstream has closed the idle connection, or has sent bytes without a request.
    virtual void OnIdleLost(Connection* connection) = 0;

   protected:
    ~Observer() = default;
  };

  // `stream` must be connected to `address`. `buffers` must outlive the connection.
  Connection(std::unique_ptr<io::ByteStream> stream, const io::SocketAddress& address,
             const config::UpstreamLimits& limits, io::BufferPool& buffers);

  http::RequestWriter& writer() { return codec_; }
  // Detaches the exchange. Returns whether the connection can carry another request.
  bool FinishRequest() { return codec_.FinishRequest(); }
  // Called by Loop::DeferDelete(). No event is reported afterwards.
  void OnDeferDelete();

  const io::SocketAddress& address() const { return address_; }
  // Marks the connection as idle from `now_ms` until SetActive(); `limit_ms` is the longest time it
  // may stay idle.
  void SetIdle(Observer* observer, int64_t now_ms, int64_t limit_ms);
  void SetActive() { observer_ = nullptr; }
  int64_t idle_since_ms() const { return idle_since_ms_; }
  int64_t idle_limit_ms() const { return idle_limit_ms_; }
  // Returns how long the upstream keeps an idle connection open according to its last response
  // ("Keep-Alive: timeout=5"), or nullopt if the response has no such field.
  std::optional<int64_t> announced_idle_ms() const;
  // Returns whether nothing waits to be read, neither bytes nor the end of the stream. For an idle
  // connection; costs one system call.
  bool IsQuiet() const { return codec_.IsQuiet(); }

 private:
  // http1::ClientCodec::Observer
  void OnIdleLost() override;

  http1::ClientCodec codec_;
  const io::SocketAddress address_;
  Observer* observer_ = nullptr;  // while idle
  int64_t idle_since_ms_ = 0;
  int64_t idle_limit_ms_ = 0;
};

}  // namespace mantlet::upstream

#endif  // MANTLET_PROXY_UPSTREAM_CONNECTION_H_
