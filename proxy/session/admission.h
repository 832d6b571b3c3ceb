// Admission limits how many connections and handshakes a listener and each of its clients
// have. There is one per listener name, for all workers together; it outlives reloads, so that
// open connections stay counted.
//
// A connection is counted when it is accepted, and its handshake when its ClientHello is
// whole: both before any cryptography is done for it. Until then the connection waits, and can
// be evicted: the one that has waited longest is, when limits.connections is reached, and also
// when more than limits.handshakes connections hold a part of a ClientHello, which bounds
// their memory. So connections that never send a ClientHello keep no client out.
//
// Threading: any worker. The listener's own counts are atomics. The table of clients is in
// shards behind a mutex each, and the lists of waiting connections are behind another one. An
// eviction runs on the loop of the connection that is evicted.

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

// What counts as one client: an IPv4 address, or the first 64 bits of an IPv6
// address, which is what one customer has (RFC 6177). 0: a Unix socket, which is
// not limited per client.
using ClientKey = uint64_t;
ClientKey ClientKeyOf(const io::SocketAddress& peer);

// At most `per_second` events a second over time, and as many at once (the generic
// cell rate algorithm). `tat_us` is the state, and starts at 0. Takes a turn and
// returns true if there is one.
bool TryAcquire(int64_t& tat_us, uint32_t per_second, int64_t now_us);

// What keeps a connection out.
enum class AdmissionLimit : uint8_t {
  kConnections,
  kClientConnections,
  kHandshakes,
  kHandshakesPerSecond,
  kClientHandshakes,
  kClientHandshakesPerSecond,
  kDescriptors,  // the process's own: RLIMIT_NOFILE
};
// Its name in the configuration: "limits.connections". "RLIMIT_NOFILE" for kDescriptors.
std::string_view ToString(AdmissionLimit limit);

class Admission {
 private:
  struct Waiting;
  using WaitingList = std::list<std::shared_ptr<Waiting>>;

 public:
  // Ends a connection that has to make room, because `limit` is reached.
  using Evict = std::function<void(AdmissionLimit limit)>;

  // Counts one connection until it is destroyed. Movable; keeps its Admission alive.
  class Ticket {
   public:
    Ticket() = default;
    Ticket(Ticket&& other) noexcept { *this = std::move(other); }
    Ticket& operator=(Ticket&& other) noexcept;
    ~Ticket() { Leave(); }

    // The connection waits for its ClientHello. Until BeginHandshake() it may have to make
    // room: then `evict` runs, once, on `loop`, which is that of the caller's thread.
    void AwaitHello(io::Loop& loop, Evict evict);
    // A part of the ClientHello has come, and not the whole.
    void HoldPartialHello(const config::Limits& limits);
    // The ClientHello is whole. Returns the limit that is reached, if one is.
    std::optional<AdmissionLimit> BeginHandshake(const config::Limits& limits, int64_t now_us);
    // It is over, however it ended.
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

  // Admit counts a connection of `client` and returns its ticket, which keeps `self` alive,
  // or returns the limit that is reached. Where that is limits.connections, the connection
  // that has waited longest is evicted in its favour, if one waits.
  static std::variant<Ticket, AdmissionLimit> Admit(const std::shared_ptr<Admission>& self,
                                                    const config::Limits& limits, ClientKey client);

  // Evicts up to `count` connections that wait, the oldest first, because of `limit`.
  void MakeRoom(size_t count, AdmissionLimit limit);

  // Forgets the clients that are gone and owe nothing, and gives their memory back: in
  // one shard a call, so that sixteen calls go once around. Without it the table keeps
  // what a flood has left until the next handshakes come.
  void EvictIdle(int64_t now_us);

  // For tests and the admin endpoint.
  uint32_t connections() const { return connections_.load(std::memory_order_relaxed); }
  uint32_t handshakes() const { return handshakes_.load(std::memory_order_relaxed); }
  size_t clients();
  size_t slots();  // that the table has room for
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
  // All of these with waiting_mutex_ held.
  WaitingList* OldestWaiting();  // the list whose first has waited longest; null: nobody waits
  // Its first, evicted because of `limit`.
  std::shared_ptr<Waiting> TakeOut(WaitingList& list, AdmissionLimit limit);
  static void PostEviction(std::shared_ptr<Waiting> waiting);

  bool EvictOldest();
  void ForgetConnection(ClientKey client);  // of those that are counted by client
  // Returns the limit because of which it has been evicted, if it has.
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
  WaitingList silent_;        // have sent nothing, in the order of acceptance
  WaitingList partial_;       // have sent a part of a ClientHello, in the order of its begin
  uint64_t accepted_count_ = 0;
};

}  // namespace mantlet::session

#endif  // MANTLET_PROXY_SESSION_ADMISSION_H_
