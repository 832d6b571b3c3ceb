// Circuits holds the circuits of all addresses of one upstream for one worker, and makes the trial
// connections while a circuit is open. A trial connection carries no request; it is closed as soon
// as it is established.
//
// The pools of the upstream share it: they ask Permits() before they connect, and report how it
// went. One loop's thread only.

#ifndef MANTLET_PROXY_UPSTREAM_CIRCUITS_H_
#define MANTLET_PROXY_UPSTREAM_CIRCUITS_H_

#include <cstdint>
#include <functional>
#include <list>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "proxy/base/proxy_error.h"
#include "proxy/base/timer_wheel.h"
#include "proxy/io/loop.h"
#include "proxy/io/socket_address.h"
#include "proxy/upstream/circuit.h"
#include "proxy/upstream/connector.h"

namespace mantlet::upstream {

class Circuits {
 public:
  // What happened to the circuit of one address.
  struct Change {
    bool open = false;
    io::SocketAddress address = {};
    int64_t failing_ms = 0;  // for how long no connection was established
    std::string error = {};  // the last one
  };

  // A pool of the upstream.
  class Observer {
   public:
    // An address permits connections again. May not call this object.
    virtual void OnCircuitClosed() = 0;
    // A circuit stays open, because a trial connection could not be established.
    virtual void OnTrialFailed() = 0;
    // The result of IsUsable() may have changed.
    virtual void OnHealthChanged() = 0;

   protected:
    ~Observer() = default;
  };

  // `loop` and `connector` must outlive it.
  Circuits(io::Loop& loop, Connector& connector);
  ~Circuits();
  Circuits(const Circuits&) = delete;
  Circuits& operator=(const Circuits&) = delete;

  // Sets the addresses of the upstream, and how long a trial connection may take. Addresses that
  // remain keep their circuits.
  void SetAddresses(const std::vector<io::SocketAddress>& addresses, int64_t connect_ms);
  void AddObserver(Observer* observer) { observers_.push_back(observer); }
  void RemoveObserver(Observer* observer) { std::erase(observers_, observer); }
  // Sets a callback for changes. It must not destroy this object.
  void SetOnChange(std::function<void(const Change&)> on_change) {
    on_change_ = std::move(on_change);
  }

  // Sets the addresses that fail their health checks.
  void SetUnhealthy(std::vector<io::SocketAddress> addresses);
  // Returns whether requests may be sent to `address`: it is healthy, or no healthy address permits
  // connections. So checks that all fail do not take the upstream out of use: what they check may
  // be wrong, and if the application is down, the circuits are open as well.
  bool IsUsable(const io::SocketAddress& address) const;

  // Returns whether a connection to `address` may be attempted.
  bool Permits(const io::SocketAddress& address) const;
  bool PermitsAny() const;
  // Returns why no connection is attempted to any address: for how long that has been so, and the
  // last error. PermitsAny() must be false.
  base::ProxyError Error() const;
  // Returns whether the last failure of each address was that it did not answer in time, so that
  // the application may be busy rather than gone. PermitsAny() must be false.
  bool AllSilent() const;

  // A connection to `address` was established, or could not be. Unknown addresses are ignored.
  void OnSuccess(const io::SocketAddress& address);
  void OnFailure(const io::SocketAddress& address, const base::ProxyError& error);

 private:
  struct Entry;

  Entry* Find(const io::SocketAddress& address);
  bool IsHealthy(const io::SocketAddress& address) const;
  void ArmTrial(Entry& entry);
  void BeginTrial(Entry& entry);
  void OnTrialOutcome(Entry& entry, const Connector::Outcome& outcome);
  void FailTrial(Entry& entry, base::ProxyError error);
  void Report(const Entry& entry, bool open, int64_t since_ms);

  io::Loop& loop_;
  Connector& connector_;
  int64_t connect_ms_ = 0;
  std::minstd_rand random_;
  std::function<void(const Change&)> on_change_;
  std::vector<Observer*> observers_;
  std::list<Entry> entries_;                  // one for each address
  std::vector<io::SocketAddress> unhealthy_;  // may contain others
};

}  // namespace mantlet::upstream

#endif  // MANTLET_PROXY_UPSTREAM_CIRCUITS_H_
