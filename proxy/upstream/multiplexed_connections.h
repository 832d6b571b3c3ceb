// MultiplexedConnections holds the HTTP/2 connections of a pool, and hands out their slots: those
// of the oldest connection first, so that the others can become idle and expire. Connections are
// closed when they have been idle for long, when the upstream wants it (GOAWAY), when they are
// lost, and when their address no longer belongs to the upstream.
//
// Owned by its pool. One loop's thread only.

#ifndef MANTLET_PROXY_UPSTREAM_MULTIPLEXED_CONNECTIONS_H_
#define MANTLET_PROXY_UPSTREAM_MULTIPLEXED_CONNECTIONS_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <utility>
#include <vector>

#include "proxy/base/lifetime.h"
#include "proxy/base/timer_wheel.h"
#include "proxy/http/codec.h"
#include "proxy/http2/session_memory.h"
#include "proxy/io/byte_stream.h"
#include "proxy/io/loop.h"
#include "proxy/io/socket_address.h"
#include "proxy/observe/metrics_shard.h"
#include "proxy/upstream/multiplexed_connection.h"
#include "proxy/upstream/target.h"

namespace mantlet::upstream {

class MultiplexedConnections final : private MultiplexedConnection::Observer {
 public:
  class Observer {
   public:
    // A slot has become free, or there is room for another connection. May open streams.
    virtual void OnSlots() = 0;

   protected:
    ~Observer() = default;
  };

  // `loop`, `metrics` and `observer` must outlive it. `memory` is shared by all HTTP/2 sessions of
  // the loop.
  MultiplexedConnections(io::Loop& loop, std::shared_ptr<http2::SessionMemory> memory,
                         observe::UpstreamMetrics& metrics, TargetPtr target, Observer& observer);
  ~MultiplexedConnections();
  MultiplexedConnections(const MultiplexedConnections&) = delete;

  // Adds a connection that is open.
  void Add(std::unique_ptr<io::ByteStream> stream, const io::SocketAddress& address);
  // Returns a stream, or null if all slots are in use. With `only_fresh`, an idle connection is
  // used only if its end has not arrived; that check costs one system call.
  std::unique_ptr<http::RequestWriter> OpenStream(bool only_fresh);
  // The same for a slot of the newest connection.
  std::unique_ptr<http::RequestWriter> OpenNewestStream();
  bool has_slot() const;
  // Returns how many requests a new connection can carry, judging by the last one.
  size_t slots() const { return slots_; }
  size_t size() const { return connections_.size(); }
  size_t idle() const;

  // Connections to be opened belong to `target` from now on.
  void SetTarget(TargetPtr target) { target_ = std::move(target); }
  // Connections to addresses that are not `usable` get no new streams.
  void StopUnless(const std::function<bool(const io::SocketAddress&)>& usable);
  // Connections get no new streams, and are closed when they have none.
  void Shutdown();
  // Replaces the times of the connections to come, for tests.
  void SetLiveness(const Liveness& liveness) { liveness_ = liveness; }

 private:
  using List = std::vector<std::unique_ptr<MultiplexedConnection>>;

  // MultiplexedConnection::Observer
  void OnConnectionChanged(MultiplexedConnection& connection) override;

  std::unique_ptr<http::RequestWriter> OpenOn(MultiplexedConnection& connection);
  List::iterator Find(const MultiplexedConnection& connection);
  void SetIdle(MultiplexedConnection& connection, bool idle);
  void CloseIfOver();
  List::iterator Drop(List::iterator it);
  void ExpireIdle();

  io::Loop& loop_;
  const std::shared_ptr<http2::SessionMemory> memory_;
  observe::UpstreamMetrics& metrics_;
  TargetPtr target_;
  Observer& observer_;
  Liveness liveness_;
  List connections_;           // the oldest first
  base::FunctionTimer timer_;  // when the next idle connection may expire
  size_t slots_;
  base::Lifetime lifetime_;
};

}  // namespace mantlet::upstream

#endif  // MANTLET_PROXY_UPSTREAM_MULTIPLEXED_CONNECTIONS_H_
