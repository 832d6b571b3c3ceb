#include "proxy/session/admission.h"

#include <netinet/in.h>

#include <algorithm>
#include <cstring>
#include <utility>

namespace mantlet::session {
namespace {

constexpr int64_t kSecondUs = 1'000'000;

// Adds one and returns true unless `limit` is reached; 0 means no limit.
bool TryIncrement(std::atomic<uint32_t>& count, uint32_t limit) {
  if (count.fetch_add(1, std::memory_order_relaxed) < limit || limit == 0) return true;
  count.fetch_sub(1, std::memory_order_relaxed);
  return false;
}

// Returns how many handshakes one client may have in flight.
uint32_t ClientHandshakes(const config::Limits& limits) {
  if (limits.client_handshakes != config::kAutoLimit) return limits.client_handshakes;
  return limits.handshakes == 0 ? 0 : std::max(1u, limits.handshakes / 2);
}

}  // namespace

// The entry of a waiting connection, shared by its ticket and the task that evicts it.
struct Admission::Waiting {
  io::Loop* loop;
  Evict evict;  // used on the loop's thread only; null once the ticket is gone or its handshake has
                // begun
  // waiting_mutex_ guards the remaining fields.
  uint64_t number = 0;          // order of acceptance
  WaitingList* list = nullptr;  // null if it no longer waits
  WaitingList::iterator position = {};
  std::optional<AdmissionLimit> evicted_for;
  bool count_taken = false;  // the connection admitted in its place has taken over its count
};

std::string_view ToString(AdmissionLimit limit) {
  switch (limit) {
    case AdmissionLimit::kConnections:
      return "limits.connections";
    case AdmissionLimit::kClientConnections:
      return "limits.client_connections";
    case AdmissionLimit::kHandshakes:
      return "limits.handshakes";
    case AdmissionLimit::kHandshakesPerSecond:
      return "limits.handshakes_per_second";
    case AdmissionLimit::kClientHandshakes:
      return "limits.client_handshakes";
    case AdmissionLimit::kClientHandshakesPerSecond:
      return "limits.client_handshakes_per_second";
    case AdmissionLimit::kDescriptors:
      return "RLIMIT_NOFILE";
    case AdmissionLimit::kMemory:
      return "limits.memory";
    case AdmissionLimit::kOverload:
      return "limits.overload";
  }
  return "unknown";
}

ClientKey ClientKeyOf(const io::SocketAddress& peer) {
  // Marks IPv4 keys, so that they differ from every global IPv6 prefix (2000::/3).
  constexpr ClientKey kIpv4 = ClientKey{0xffff} << 32;
  if (peer.family() == AF_INET) {
    sockaddr_in address;
    std::memcpy(&address, peer.data(), sizeof address);
    return kIpv4 | ntohl(address.sin_addr.s_addr);
  }
  if (peer.family() != AF_INET6) return 0;
  sockaddr_in6 address;
  std::memcpy(&address, peer.data(), sizeof address);
  const uint8_t* bytes = address.sin6_addr.s6_addr;
  if (IN6_IS_ADDR_V4MAPPED(&address.sin6_addr)) {
    uint32_t ipv4;
    std::memcpy(&ipv4, bytes + 12, sizeof ipv4);
    return kIpv4 | ntohl(ipv4);
  }
  ClientKey key = 0;
  for (int i = 0; i < 8; ++i) key = key << 8 | bytes[i];
  // The key of ::1 would be 0, which means "no client"; it must be limited too.
  return key != 0 ? key : 1;
}

bool TryAcquire(int64_t& tat_us, uint32_t per_second, int64_t now_us) {
  const int64_t next = std::max(tat_us, now_us) + kSecondUs / per_second;
  if (next - now_us > kSecondUs) return false;
  tat_us = next;
  return true;
}

bool Admission::TryAcquireForListener(uint32_t per_second, int64_t now_us) {
  int64_t before = tat_us_.load(std::memory_order_relaxed);
  while (true) {
    int64_t after = before;
    if (!TryAcquire(after, per_second, now_us)) return false;
    if (tat_us_.compare_exchange_weak(before, after, std::memory_order_relaxed)) return true;
  }
}

std::variant<Admission::Ticket, AdmissionLimit> Admission::Admit(
    const std::shared_ptr<Admission>& self, const config::Limits& limits, ClientKey client) {
  // The client's own limit comes first: a client that exceeds it must not evict others.
  const bool by_client = client != 0 && limits.client_connections != 0;
  if (by_client) {
    Shard& shard = self->ShardOf(client);
    std::lock_guard lock(shard.mutex);
    Client& entry = shard.clients[client];
    if (entry.connections >= limits.client_connections) return AdmissionLimit::kClientConnections;
    ++entry.connections;
  }
  if (!TryIncrement(self->connections_, limits.connections) && !self->EvictOldest()) {
    if (by_client) self->ForgetConnection(client);
    return AdmissionLimit::kConnections;
  }
  Ticket ticket;
  ticket.admission_ = self;
  ticket.client_ = client;
  ticket.counted_by_client_ = by_client;
  return ticket;
}

void Admission::ForgetConnection(ClientKey client) {
  Shard& shard = ShardOf(client);
  std::lock_guard lock(shard.mutex);
  auto it = shard.clients.find(client);
  if (--it->second.connections == 0 && it->second.handshakes == 0 && it->second.tat_us == 0) {
    shard.clients.erase(it);
  }
}

Admission::WaitingList* Admission::OldestWaiting() {
  if (silent_.empty()) return partial_.empty() ? nullptr : &partial_;
  if (partial_.empty()) return &silent_;
  return silent_.front()->number < partial_.front()->number ? &silent_ : &partial_;
}

std::shared_ptr<Admission::Waiting> Admission::TakeOut(WaitingList& list, AdmissionLimit limit) {
  std::shared_ptr<Waiting> first = std::move(list.front());
  list.pop_front();
  first->list = nullptr;
  first->evicted_for = limit;
  return first;
}

// Requires waiting_mutex_. A ticket also leaves under this mutex, before its loop ends; so the loop
// still exists here.
void Admission::PostEviction(std::shared_ptr<Waiting> waiting) {
  io::Loop& loop = *waiting->loop;
  const AdmissionLimit limit = *waiting->evicted_for;
  loop.Post([waiting = std::move(waiting), limit] {
    if (waiting->evict) waiting->evict(limit);
  });
}

bool Admission::EvictOldest() {
  std::lock_guard lock(waiting_mutex_);
  WaitingList* list = OldestWaiting();
  if (list == nullptr) return false;
  std::shared_ptr<Waiting> oldest = TakeOut(*list, AdmissionLimit::kConnections);
  oldest->count_taken = true;
  PostEviction(std::move(oldest));
  return true;
}

void Admission::MakeRoom(size_t count, AdmissionLimit limit) {
  std::lock_guard lock(waiting_mutex_);
  for (; count > 0; --count) {
    WaitingList* list = OldestWaiting();
    if (list == nullptr) return;
    PostEviction(TakeOut(*list, limit));
  }
}

std::optional<AdmissionLimit> Admission::StopWaiting(Waiting& waiting) {
  std::lock_guard lock(waiting_mutex_);
  if (waiting.list != nullptr) std::exchange(waiting.list, nullptr)->erase(waiting.position);
  return waiting.evicted_for;
}

size_t Admission::waiting() {
  std::lock_guard lock(waiting_mutex_);
  return silent_.size() + partial_.size();
}

// Requires the shard's mutex. Each entry is visited once, and moved once if the table shrinks.
void Admission::Shard::Sweep(int64_t now_us) {
  absl::erase_if(clients, [&](const auto& entry) {
    const Client& c = entry.second;
    return c.connections == 0 && c.handshakes == 0 && c.tat_us <= now_us;
  });
  if (clients.capacity() > 4 * std::max<size_t>(64, clients.size())) clients.rehash(0);
  sweep_at = std::max<size_t>(64, 2 * clients.size());
}

void Admission::EvictIdle(int64_t now_us) {
  Shard& shard = shards_[evicted_shards_.fetch_add(1, std::memory_order_relaxed) % shards_.size()];
  std::lock_guard lock(shard.mutex);
  shard.Sweep(now_us);
}

// An entry without connections is kept for its rate state. It is removed by the next sweep, which
// runs when the table has doubled; so each entry pays for one visit.
std::optional<AdmissionLimit> Admission::BeginClientHandshake(const config::Limits& limits,
                                                              ClientKey client, int64_t now_us,
                                                              bool* counted) {
  if (client == 0) return std::nullopt;
  const uint32_t most = ClientHandshakes(limits);
  if (most == 0 && limits.client_handshakes_per_second == 0) return std::nullopt;
  Shard& shard = ShardOf(client);
  std::lock_guard lock(shard.mutex);
  if (shard.clients.size() >= shard.sweep_at) shard.Sweep(now_us);
  Client& entry = shard.clients[client];
  if (most != 0 && entry.handshakes >= most) {
    return AdmissionLimit::kClientHandshakes;
  }
  if (limits.client_handshakes_per_second != 0 &&
      !TryAcquire(entry.tat_us, limits.client_handshakes_per_second, now_us)) {
    return AdmissionLimit::kClientHandshakesPerSecond;
  }
  ++entry.handshakes;
  *counted = true;
  return std::nullopt;
}

size_t Admission::clients() {
  size_t count = 0;
  for (Shard& shard : shards_) {
    std::lock_guard lock(shard.mutex);
    count += shard.clients.size();
  }
  return count;
}

size_t Admission::slots() {
  size_t count = 0;
  for (Shard& shard : shards_) {
    std::lock_guard lock(shard.mutex);
    count += shard.clients.capacity();
  }
  return count;
}

Admission::Ticket& Admission::Ticket::operator=(Ticket&& other) noexcept {
  Leave();
  admission_ = std::move(other.admission_);
  waiting_ = std::move(other.waiting_);
  client_ = other.client_;
  counted_by_client_ = std::exchange(other.counted_by_client_, false);
  handshaking_ = std::exchange(other.handshaking_, false);
  handshake_counted_by_client_ = std::exchange(other.handshake_counted_by_client_, false);
  return *this;
}

void Admission::Ticket::AwaitHello(io::Loop& loop, Evict evict) {
  if (admission_ == nullptr) return;
  waiting_ = std::make_shared<Waiting>();
  waiting_->loop = &loop;
  waiting_->evict = std::move(evict);
  std::lock_guard lock(admission_->waiting_mutex_);
  WaitingList& list = admission_->silent_;
  waiting_->number = admission_->accepted_count_++;
  waiting_->list = &list;
  waiting_->position = list.insert(list.end(), waiting_);
}

void Admission::Ticket::HoldPartialHello(const config::Limits& limits) {
  if (waiting_ == nullptr) return;
  std::lock_guard lock(admission_->waiting_mutex_);
  WaitingList& partial = admission_->partial_;
  if (waiting_->list != &admission_->silent_) return;
  partial.splice(partial.end(), admission_->silent_, waiting_->position);
  waiting_->list = &partial;
  if (limits.handshakes == 0 || partial.size() <= limits.handshakes) return;
  PostEviction(admission_->TakeOut(partial, AdmissionLimit::kHandshakes));
}

std::optional<AdmissionLimit> Admission::Ticket::BeginHandshake(const config::Limits& limits,
                                                                int64_t now_us) {
  if (admission_ == nullptr || handshaking_) return std::nullopt;
  if (waiting_ != nullptr) {
    if (const auto evicted_for = admission_->StopWaiting(*waiting_)) return evicted_for;
    waiting_->evict = nullptr;
    waiting_.reset();
  }
  // The client's own limits come first: a client that floods must not consume the listener's rate.
  if (const auto reached = admission_->BeginClientHandshake(limits, client_, now_us,
                                                            &handshake_counted_by_client_)) {
    return reached;
  }
  handshaking_ = true;
  admission_->handshakes_.fetch_add(1, std::memory_order_relaxed);
  std::optional<AdmissionLimit> reached;
  if (limits.handshakes != 0 && admission_->handshakes() > limits.handshakes) {
    reached = AdmissionLimit::kHandshakes;
  } else if (limits.handshakes_per_second != 0 &&
             !admission_->TryAcquireForListener(limits.handshakes_per_second, now_us)) {
    reached = AdmissionLimit::kHandshakesPerSecond;
  }
  if (reached) EndHandshake();
  return reached;
}

void Admission::Ticket::EndHandshake() {
  if (!std::exchange(handshaking_, false)) return;
  admission_->handshakes_.fetch_sub(1, std::memory_order_relaxed);
  if (!std::exchange(handshake_counted_by_client_, false)) return;
  Shard& shard = admission_->ShardOf(client_);
  std::lock_guard lock(shard.mutex);
  auto it = shard.clients.find(client_);
  if (--it->second.handshakes == 0 && it->second.connections == 0 && it->second.tat_us == 0) {
    shard.clients.erase(it);
  }
}

void Admission::Ticket::Leave() {
  if (admission_ == nullptr) return;
  EndHandshake();
  bool counted = true;
  if (waiting_ != nullptr) {
    (void)admission_->StopWaiting(*waiting_);
    // From here on the connection cannot be evicted.
    counted = !waiting_->count_taken;
    waiting_->evict = nullptr;
    waiting_.reset();
  }
  if (counted) admission_->connections_.fetch_sub(1, std::memory_order_relaxed);
  if (std::exchange(counted_by_client_, false)) admission_->ForgetConnection(client_);
  admission_.reset();
}

}  // namespace mantlet::session
