#include "proxy/upstream/multiplexed_connections.h"

#include <algorithm>
#include <limits>
#include <utility>

namespace mantlet::upstream {

using observe::UpstreamConnectionState;

namespace {

// Idle connections beyond pool.idle_connections are closed after this, like those of HTTP/1.
constexpr int64_t kSurplusMs = 500;
constexpr int64_t kNever = std::numeric_limits<int64_t>::max();

UpstreamConnectionState StateOf(bool idle) {
  return idle ? UpstreamConnectionState::kIdle : UpstreamConnectionState::kActive;
}

}  // namespace

MultiplexedConnections::MultiplexedConnections(io::Loop& loop,
                                               std::shared_ptr<http2::SessionMemory> memory,
                                               observe::UpstreamMetrics& metrics, TargetPtr target,
                                               Observer& observer)
    : loop_(loop),
      memory_(std::move(memory)),
      metrics_(metrics),
      target_(std::move(target)),
      observer_(observer),
      timer_([this] { ExpireIdle(); }),
      slots_(MultiplexedConnection::kMostStreams) {}

MultiplexedConnections::~MultiplexedConnections() {
  while (!connections_.empty()) Drop(connections_.end() - 1);
}

void MultiplexedConnections::Add(std::unique_ptr<io::ByteStream> stream,
                                 const io::SocketAddress& address) {
  MultiplexedConnection::Observer& observer = *this;
  MultiplexedConnection& connection =
      *connections_.emplace_back(std::make_unique<MultiplexedConnection>(
          loop_, memory_, std::move(stream), address, target_->config.limits, liveness_, observer));
  connection.idle = false;
  metrics_.ConnectionAdded(UpstreamConnectionState::kActive);
  SetIdle(connection, true);
}

std::unique_ptr<http::RequestWriter> MultiplexedConnections::OpenStream(bool only_fresh) {
  for (const auto& connection : connections_) {
    if (!connection->has_slot()) continue;
    if (only_fresh && connection->streams() == 0 && !connection->IsQuiet()) continue;
    return OpenOn(*connection);
  }
  return nullptr;
}

std::unique_ptr<http::RequestWriter> MultiplexedConnections::OpenNewestStream() {
  if (connections_.empty() || !connections_.back()->has_slot()) return nullptr;
  return OpenOn(*connections_.back());
}

std::unique_ptr<http::RequestWriter> MultiplexedConnections::OpenOn(
    MultiplexedConnection& connection) {
  SetIdle(connection, false);
  return connection.OpenStream();
}

bool MultiplexedConnections::has_slot() const {
  return std::any_of(connections_.begin(), connections_.end(),
                     [](const auto& connection) { return connection->has_slot(); });
}

size_t MultiplexedConnections::idle() const {
  return static_cast<size_t>(std::count_if(connections_.begin(), connections_.end(),
                                           [](const auto& c) { return c->streams() == 0; }));
}

void MultiplexedConnections::OnConnectionChanged(MultiplexedConnection& connection) {
  if (connection.slots() > 0) slots_ = connection.slots();
  if (!connection.is_over()) {
    // A request that waits may need the slot. Its exchange may release the pool.
    base::Lifetime::Watch watch(lifetime_);
    observer_.OnSlots();
    if (watch.ended() || Find(connection) == connections_.end()) return;
    if (!connection.is_over()) {
      SetIdle(connection, connection.streams() == 0);
      return;
    }
  }
  const auto it = Find(connection);
  if (it == connections_.end()) return;
  Drop(it);
  observer_.OnSlots();
}

MultiplexedConnections::List::iterator MultiplexedConnections::Find(
    const MultiplexedConnection& connection) {
  return std::find_if(connections_.begin(), connections_.end(),
                      [&](const auto& c) { return c.get() == &connection; });
}

void MultiplexedConnections::SetIdle(MultiplexedConnection& connection, bool idle) {
  if (std::exchange(connection.idle, idle) == idle) return;
  metrics_.ConnectionMoved(StateOf(!idle), StateOf(idle));
  if (!idle) return;
  connection.idle_since_ms = loop_.now_ms();
  const bool keep = target_->config.pool.idle_connections > 0;
  const int64_t due_ms =
      loop_.now_ms() + (keep ? std::min(target_->config.timeouts.idle.count(), kSurplusMs) : 0);
  if (!timer_.armed() || timer_.deadline_ms() > due_ms) loop_.timers().Arm(timer_, due_ms);
}

MultiplexedConnections::List::iterator MultiplexedConnections::Drop(List::iterator it) {
  metrics_.ConnectionRemoved(StateOf((*it)->idle));
  std::unique_ptr<MultiplexedConnection> connection = std::move(*it);
  const auto next = connections_.erase(it);
  loop_.DeferDelete(std::move(connection));
  return next;
}

void MultiplexedConnections::ExpireIdle() {
  const int64_t now = loop_.now_ms();
  const size_t kept = target_->config.pool.idle_connections;
  size_t unused = idle();
  int64_t next = kNever;
  for (auto it = connections_.begin(); it != connections_.end();) {
    if ((*it)->streams() != 0) {
      ++it;
      continue;
    }
    int64_t limit_ms = target_->config.timeouts.idle.count();
    if (kept == 0) limit_ms = 0;
    if (unused > kept) limit_ms = std::min(limit_ms, kSurplusMs);
    const int64_t due_ms = (*it)->idle_since_ms + limit_ms;
    if (due_ms <= now) {
      it = Drop(it);
      --unused;
    } else {
      next = std::min(next, due_ms);
      ++it;
    }
  }
  if (next != kNever) loop_.timers().Arm(timer_, next);
}

void MultiplexedConnections::CloseIfOver() {
  for (auto it = connections_.begin(); it != connections_.end();) {
    it = (*it)->is_over() ? Drop(it) : it + 1;
  }
}

void MultiplexedConnections::StopUnless(
    const std::function<bool(const io::SocketAddress&)>& usable) {
  for (const auto& connection : connections_) {
    if (!usable(connection->address())) connection->StopOpening();
  }
  CloseIfOver();
}

void MultiplexedConnections::Shutdown() {
  for (const auto& connection : connections_) connection->StopOpening();
  CloseIfOver();
}

}  // namespace mantlet::upstream
