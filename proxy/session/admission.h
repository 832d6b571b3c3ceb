// Admission limits how many connections and handshakes a listener and each of its clients have. One
// Admission exists per listener name and serves all workers. It outlives reloads, so that open
// connections stay counted.
//
// A connection is counted when it is accepted. Its handshake is counted when its ClientHello is
// complete, before any cryptography is done for it. Until then the connection waits and can be
// evicted: when limits.connections is reached, the connection that has waited longest is evicted;
// the same happens when more than limits.handshakes connections hold a partial ClientHello, which
// bounds their memory. So connections that never send a ClientHello do not keep other clients out.
//
// Threading: any worker may call it. The counts of the listener are atomic. The table of clients is
// sharded, with one mutex per shard; another mutex guards the lists of waiting connections. An
// eviction runs on the loop of the evicted connection.

#ifndef MANTLET_PROXY_SESSION_ADMISSION_H_
#define MANTLET_PROXY_SESSION_ADMISSION_H_

#include <array>
#include <atomic>
#include <cstdint>
#include <functional>
#include <list>
#include <memory>
#include <mutex>
#include <optional>
#include <string_view>
#include <variant>

#include "absl/container/flat_hash_map.h"
#include "config/config.h"
#include "proxy/io/loop.h"
#include "proxy/io/socket_address.h"

namespace mantlet::session {

// ClientKey identifies one client: an IPv4 address, or the first 64 bits of an IPv6 address, which
// is what one customer is assigned (RFC 6177). 0 stands for a Unix socket, which has no per-client
// limit.
using ClientKey = uint64_t;
ClientKey ClientKeyOf(const io::SocketAddress& peer);

// TryAcquire implements the generic cell rate algorithm: at most `per_second` events per second on
// average, and a burst of as many. `tat_us` is its state and starts at 0. Returns true and consumes
// one event if one is available.
bool TryAcquire(int64_t& tat_us, uint32_t per_second, int64_t now_us);

// AdmissionLimit is the limit that rejected a connection.
enum class AdmissionLimit : uint8_t {
  kConnections,
  kClientConnections,
  kHandshakes,
  kHandshakesPerSecond,
  kClientHandshakes,
  kClientHandshakesPerSecond,
  kDescriptors,  // the limit of the process: RLIMIT_NOFILE
  kMemory,       // limits.memory, which is the limit of the process as well
  kOverload,     // limits.overload, of a worker
};
// Returns the limit's name in the configuration, such as "limits.connections"; "RLIMIT_NOFILE" for
// kDescriptors.
std::string_view ToString(AdmissionLimit limit);

class Admission {
 private:
  struct Waiting;
  using WaitingList = std::list<std::shared_ptr<Waiting>>;

 public:
  // Ends a connection that must make room because `limit` is reached.
  using Evict = std::function<void(AdmissionLimit limit)>;

  // A Ticket counts one connection until the ticket is destroyed. It is movable and keeps its
  // Admission alive.
  class Ticket {
   public:
    Ticket() = default;
    Ticket(Ticket&& other) noexcept { *this = std::move(other); }
    Ticket& operator=(Ticket&& other) noexcept;
    ~Ticket() { Leave(); }

    // The connection starts to wait for its ClientHello. Until BeginHandshake() it can be evicted:
    // `evict` then runs once on `loop`, which must be the loop of the calling thread.
    void AwaitHello(io::Loop& loop, Evict evict);
    // A part of the ClientHello has arrived, but not the whole.
    void HoldPartialHello(const config::Limits& limits);
    // The ClientHello is complete. Returns the limit that rejects the handshake, if any.
    std::optional<AdmissionLimit> BeginHandshake(const config::Limits& limits, int64_t now_us);
    // The handshake is over, with any result.
    void EndHandshake();

   private:
    friend class Admission;
    void Leave();

    std::shared_ptr<Admission> admission_;
    std::shared_ptr<Waiting> waiting_;  // from AwaitHello() to BeginHandshake()
    ClientKey client_ = 0;
    bool counted_by_client_ = false;
    bool handshaking_ = false;
    bool handshake_counted_by_client_ = false;
  };

  // Admit counts a connection of `client` and returns its ticket, which keeps `self` alive, or
  // returns the limit that is reached. If limits.connections is reached and a connection waits,
  // Admit evicts the one that has waited longest and admits the new one.
  static std::variant<Ticket, AdmissionLimit> Admit(const std::shared_ptr<Admission>& self,
                                                    const config::Limits& limits, ClientKey client);

  // Evicts up to `count` waiting connections, the oldest first, and reports `limit` as the reason.
  void MakeRoom(size_t count, AdmissionLimit limit);

  // Removes the entries of clients that have no connection and whose rate state has decayed, and
  // releases their memory. Each call handles one shard, so sixteen calls cover the table. Without
  // it, the table keeps its size after a flood until new handshakes arrive.
  void EvictIdle(int64_t now_us);

  // For tests and the admin endpoint.
  uint32_t connections() const { return connections_.load(std::memory_order_relaxed); }
  uint32_t handshakes() const { return handshakes_.load(std::memory_order_relaxed); }
  size_t clients();
  size_t slots();  // capacity of the table
  size_t waiting();

 private:
  struct Client {
    uint32_t connections = 0;
    uint32_t handshakes = 0;
    int64_t tat_us = 0;
  };
  struct Shard {
    std::mutex mutex;
    absl::flat_hash_map<ClientKey, Client> clients;
    size_t sweep_at = 64;  // entries
    void Sweep(int64_t now_us);
  };

  Shard& ShardOf(ClientKey client) { return shards_[client % shards_.size()]; }
  // The next three require waiting_mutex_.
  WaitingList*
  OldestWaiting();  // the list whose first entry has waited longest; null if none waits
  // Removes the first entry of `list` and marks it as evicted because of `limit`.
  std::shared_ptr<Waiting> TakeOut(WaitingList& list, AdmissionLimit limit);
  static void PostEviction(std::shared_ptr<Waiting> waiting);

  bool EvictOldest();
  void ForgetConnection(ClientKey client);  // for connections that are counted per client
  // Returns the limit because of which the connection was evicted, if it was.
  std::optional<AdmissionLimit> StopWaiting(Waiting& waiting);
  std::optional<AdmissionLimit> BeginClientHandshake(const config::Limits& limits, ClientKey client,
                                                     int64_t now_us, bool* counted);
  bool TryAcquireForListener(uint32_t per_second, int64_t now_us);

  std::atomic<uint32_t> connections_{0};
  std::atomic<uint32_t> handshakes_{0};
  std::atomic<int64_t> tat_us_{0};
  std::array<Shard, 16> shards_;
  std::atomic<size_t> evicted_shards_{0};  // calls of EvictIdle()

  std::mutex waiting_mutex_;  // guards what follows
  WaitingList silent_;        // connections that have sent nothing, in order of acceptance
  WaitingList partial_;       // connections with a partial ClientHello, in order of its arrival
  uint64_t accepted_count_ = 0;
};

}  // namespace mantlet::session

#endif  // MANTLET_PROXY_SESSION_ADMISSION_H_
