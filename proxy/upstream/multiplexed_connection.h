// MultiplexedConnection is one HTTP/2 connection of a pool. It carries many requests at a time,
// each of which has one of its slots, and notices when the upstream no longer responds.
//
// Owned by MultiplexedConnections. One loop's thread only.

#ifndef MANTLET_PROXY_UPSTREAM_MULTIPLEXED_CONNECTION_H_
#define MANTLET_PROXY_UPSTREAM_MULTIPLEXED_CONNECTION_H_

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>

#include "config/config.h"
#include "proxy/base/timer_wheel.h"
#include "proxy/http/codec.h"
#include "proxy/http2/client_codec.h"
#include "proxy/http2/session_memory.h"
#include "proxy/io/byte_stream.h"
#include "proxy/io/loop.h"
#include "proxy/io/socket_address.h"

namespace mantlet::upstream {

// Liveness determines when a PING tests a connection with open streams (RFC 9113 section 6.7).
// gRPC servers close a connection that sends a third PING within five minutes while they have
// nothing to send, so only the first ones come soon.
struct Liveness {
  int64_t silent_ms = 5'000;    // without a byte received; also before a new stream
  int64_t answer_ms = 5'000;    // for the acknowledgement, or anything else
  int64_t repeat_ms = 330'000;  // between later ones, while no part of a response comes
};

class MultiplexedConnection final : private http2::ClientCodec::Observer {
 public:
  // At most this many streams are opened on one connection, even if the upstream allows more, so
  // that the load is spread.
  static constexpr size_t kMostStreams = 100;
  // PINGs after silent_ms without a part of a response in between.
  static constexpr int kSoonPings = 2;

  class Observer {
   public:
    // A slot has become free, or the connection is_over().
    virtual void OnConnectionChanged(MultiplexedConnection& connection) = 0;

   protected:
    ~Observer() = default;
  };

  // `stream` must be connected to `address`. `loop` and `observer` must outlive the connection.
  MultiplexedConnection(io::Loop& loop, std::shared_ptr<http2::SessionMemory> memory,
                        std::unique_ptr<io::ByteStream> stream, const io::SocketAddress& address,
                        const config::UpstreamLimits& limits, const Liveness& liveness,
                        Observer& observer);
  // Called by Loop::DeferDelete(). No event is reported afterwards.
  void OnDeferDelete();

  // Returns a stream for one request. has_slot() must be true.
  std::unique_ptr<http::RequestWriter> OpenStream();
  bool has_slot() const {
    return !stopped_ && codec_.streams() < slots() && codec_.accepts_streams();
  }
  // Returns how many streams may be open at a time, as far as it is known.
  size_t slots() const { return std::min<size_t>(codec_.stream_limit(), kMostStreams); }
  size_t streams() const { return codec_.streams(); }
  // Opens no stream from now on; those that are open are completed.
  void StopOpening() { stopped_ = true; }
  // Returns whether the connection carries no request and can carry none.
  bool is_over() const {
    return codec_.lost() || (streams() == 0 && (stopped_ || !codec_.accepts_streams()));
  }
  // Returns whether nothing waits to be read, neither bytes nor the end of the stream. Costs one
  // system call.
  bool IsQuiet() const { return codec_.IsQuiet(); }
  const io::SocketAddress& address() const { return address_; }

  // ---- the owner's: the state of the connection in its metrics

  bool idle = true;
  int64_t idle_since_ms = 0;

 private:
  // http2::ClientCodec::Observer
  void OnReceived(bool content) override;
  void OnCodecChanged() override { observer_.OnConnectionChanged(*this); }

  void Ping();
  void OnTimer();

  io::Loop& loop_;
  Observer& observer_;
  const io::SocketAddress address_;
  const Liveness liveness_;
  base::FunctionTimer timer_;  // when the connection may be silent, or the acknowledgement is due
  http2::ClientCodec codec_;
  int64_t received_ms_;  // when the last bytes came
  int pings_ = 0;        // since the last part of a response
  bool ping_sent_ = false;
  bool stopped_ = false;
};

}  // namespace mantlet::upstream

#endif  // MANTLET_PROXY_UPSTREAM_MULTIPLEXED_CONNECTION_H_
