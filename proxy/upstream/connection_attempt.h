// ConnectionAttempt opens one connection of a pool. It tries the addresses of the upstream in order
// and leaves out those whose circuit is open. Each of several addresses has its share of
// timeouts.connect.
//
// Owned by its pool. One loop's thread only.

#ifndef MANTLET_PROXY_UPSTREAM_CONNECTION_ATTEMPT_H_
#define MANTLET_PROXY_UPSTREAM_CONNECTION_ATTEMPT_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>

#include "proxy/base/proxy_error.h"
#include "proxy/base/timer_wheel.h"
#include "proxy/io/byte_stream.h"
#include "proxy/io/loop.h"
#include "proxy/io/socket_address.h"
#include "proxy/upstream/circuits.h"
#include "proxy/upstream/connector.h"
#include "proxy/upstream/target.h"

namespace mantlet::upstream {

class ConnectionAttempt {
 public:
  // If an upstream has several addresses, each gets its share of timeouts.connect, but at least
  // this much, before the next one is tried.
  static constexpr int64_t kLeastAddressMs = 250;

  // Exactly one of OnConnected() and OnFailed() is called, never from inside Start() or Dial(). The
  // owner may destroy the attempt in them.
  class Owner {
   public:
    virtual void OnConnected(ConnectionAttempt* attempt, std::unique_ptr<io::ByteStream> stream,
                             const io::SocketAddress& address) = 0;
    virtual void OnFailed(ConnectionAttempt* attempt, base::ProxyError error) = 0;
    // The listen queue of the Unix socket is full. The owner calls Dial() later.
    virtual void OnQueueFull() = 0;
    // Returns the addresses to try from now on.
    virtual const TargetPtr& CurrentTarget() const = 0;

   protected:
    ~Owner() = default;
  };

  // `loop`, `connector`, `circuits` and `owner` must outlive the attempt.
  ConnectionAttempt(io::Loop& loop, Connector& connector, Circuits& circuits, Owner& owner);

  // Starts the deadline of the whole attempt. Unless it is `held`, it also dials the first address
  // that its circuit permits; there must be one.
  void Start(bool held);
  // Dials the current address. For an attempt that is held.
  void Dial();
  // Restarts the deadline.
  void Renew();
  // Returns whether the attempt waits for room in the listen queue of a Unix socket.
  bool held() const { return connecting_ == nullptr; }

  // ---- the owner's

  bool orphan = false;  // its waiter has left or has been served

 private:
  bool FindPermitted(size_t from);
  bool DialNext();
  int64_t AddressMs() const;
  void LeaveSilentAddress();
  void OnOutcome(Connector::Outcome outcome);
  void OnTimeout();

  io::Loop& loop_;
  Connector& connector_;
  Circuits& circuits_;
  Owner& owner_;
  std::unique_ptr<Connector::Attempt> connecting_;
  TargetPtr target_;    // the target whose addresses are tried
  size_t address_ = 0;  // index into them
  // The first address that did not answer within its share of the time. If all others refuse, it is
  // tried again with the remaining time, because its listen queue may have been full.
  std::optional<size_t> silent_;
  bool last_ = false;          // no other address follows
  base::FunctionTimer timer_;  // the deadline of the attempt
  base::FunctionTimer next_;   // the deadline of the current address, if another one follows
};

}  // namespace mantlet::upstream

#endif  // MANTLET_PROXY_UPSTREAM_CONNECTION_ATTEMPT_H_
