#include "proxy/upstream/pool.h"

#include <algorithm>
#include <limits>
#include <optional>
#include <utility>

namespace mantlet::upstream {

using base::ErrorReason;
using base::ProxyError;
using observe::UpstreamConnectionState;

namespace {

constexpr int64_t kNever = std::numeric_limits<int64_t>::max();

// Restarts the timeout of the oldest wanted attempt: its waiter has left, and the next waiter,
// which inherits the attempt, gets the full time.
template <typename Attempts>
void RenewOldest(Attempts& attempts) {
  auto wanted = std::find_if(attempts.begin(), attempts.end(),
                             [](const auto& attempt) { return !attempt->orphan; });
  if (wanted != attempts.end()) (*wanted)->Renew();
}

}  // namespace

Pool::Pool(io::Loop& loop, Connector& connector, TargetPtr target,
           observe::UpstreamMetrics& metrics, std::shared_ptr<http2::SessionMemory> memory,
           std::shared_ptr<Circuits> circuits)
    : loop_(loop),
      connector_(connector),
      target_(std::move(target)),
      metrics_(metrics),
      circuits_(circuits == nullptr ? std::make_shared<Circuits>(loop, connector)
                                    : std::move(circuits)),
      refuse_timer_([this] { RefuseUnresolved(); }),
      redial_timer_([this] { DialHeld(); }),
      idle_timer_([this] { ExpireIdle(); }),
      queue_timer_([this] { expire_.Schedule(); }),
      multiplexed_(memory == nullptr ? nullptr
                                     : std::make_unique<MultiplexedConnections>(
                                           loop, std::move(memory), metrics, target_,
                                           static_cast<MultiplexedConnections::Observer&>(*this))),
      serve_(loop, [this] { ServeWaiters(Slots::kLast); }),
      reconsider_(loop, [this] { Reconsider(); }),
      expire_(loop, [this] { ExpireOne(); }) {
  circuits_->SetAddresses(target_->addresses, target_->config.timeouts.connect.count());
  circuits_->AddObserver(this);
}

Pool::~Pool() {
  if (gone_ != nullptr) *gone_ = true;
  circuits_->RemoveObserver(this);
  Shutdown();
  for (LeaseHandler* waiter : waiters_) waiter->pool_ = nullptr;
  metrics_.Waiting(-static_cast<int64_t>(waiters_.size()));
  for (size_t i = 0; i < attempts_.size(); ++i) {
    metrics_.ConnectionRemoved(UpstreamConnectionState::kConnecting);
  }
}

// ---- waiters

bool Pool::Wait(LeaseHandler* waiter, Request request, bool another) {
  const config::Pool& limits = target_->config.pool;
  const size_t busy = in_use() + wanted_attempts();
  if (waiters_.size() >= limits.pending &&
      (busy >= limits.connections || !circuits_->PermitsAny())) {
    return false;
  }
  waiter->pool_ = this;
  waiter->repeatable_ = request == Request::kRepeatable;
  waiter->another_ = another;
  waiter->queued_ms_ = loop_.now_ms();
  waiters_.push_back(waiter);
  metrics_.Waiting(1);
  ConnectIfNeeded();
  return true;
}

void Pool::CancelWait(LeaseHandler* waiter) {
  auto it = std::find(waiters_.begin(), waiters_.end(), waiter);
  if (it == waiters_.end()) return;
  const auto index = static_cast<size_t>(it - waiters_.begin());
  if (index < expected() && expected() < waiters_.size()) {
    RenewOldest(attempts_);
  }
  TakeWaiter(index);
}

Pool::LeaseHandler* Pool::TakeWaiter(size_t index) {
  LeaseHandler* waiter = waiters_[index];
  waiters_.erase(waiters_.begin() + static_cast<ptrdiff_t>(index));
  waiter->pool_ = nullptr;
  metrics_.Waiting(-1);
  Disown();
  return waiter;
}

// Marks surplus attempts as orphans, the oldest first, because they have the least time left. The
// next waiter then gets an attempt of its own with the full time. A connection that an orphan opens
// is still used, but its failure fails no waiter.
void Pool::Disown() {
  for (auto& attempt : attempts_) {
    if (wanted_attempts() == 0 || expected() - waiters_per_attempt() < waiters_.size()) return;
    if (std::exchange(attempt->orphan, true)) continue;
    ++orphans_;
  }
}

// ---- a queue that does not drain

int64_t Pool::QueueTargetMs() const {
  const int64_t wanted_ms = target_->config.pool.queue_target.count();
  return wanted_ms == config::kAutoDuration.count() ? delay_.automatic_target_ms() : wanted_ms;
}

// Returns how long a request may wait for a connection.
int64_t Pool::WaitLimitMs() const {
  const int64_t most_ms = target_->config.timeouts.queue.count();
  return delay_.standing() ? std::min(most_ms, QueueTargetMs()) : most_ms;
}

ProxyError Pool::QueueError() const {
  if (WaitLimitMs() == target_->config.timeouts.queue.count()) {
    return ProxyError(ErrorReason::kTimeoutQueue,
                      "all of upstreams[].pool.connections were in use for longer than "
                      "upstreams[].timeouts.queue");
  }
  return ProxyError(ErrorReason::kQueueShed,
                    "more requests come than the application serves, and this one has waited for a "
                    "connection for upstreams[].pool.queue_target");
}

void Pool::CountServed(int64_t waited_ms) {
  delay_.OnServed(loop_.now_ms(), waited_ms, QueueTargetMs());
  ReportQueue();
}

void Pool::CountFree() {
  if (!delay_.standing()) {
    delay_.OnFree();
    return;
  }
  delay_.OnFree(loop_.now_ms(), QueueTargetMs());
  ReportQueue();
}

void Pool::ReportQueue() {
  if (queue_reported_ == delay_.standing()) return;
  queue_reported_ = delay_.standing();
  loop_.timers().Cancel(queue_timer_);  // the others may wait for another time
  WatchQueue();
  if (on_queue_change_) on_queue_change_(queue_reported_, QueueTargetMs());
}

// Fails the first waiters if they have waited for too long, so that a connection goes to one that
// has not. The timer of the queue is too coarse for that. Those that an attempt will serve stay.
void Pool::ShedWaiters() {
  while (delay_.standing() && expected() == 0 && !waiters_.empty() &&
         loop_.now_ms() - waiters_.front()->queued_ms_ > WaitLimitMs()) {
    ProxyError error = QueueError();
    metrics_.Failed(error.reason);
    TakeWaiter(0)->OnNoConnection(std::move(error));
  }
}

void Pool::WatchQueue() {
  if (waiters_.size() <= expected() || queue_timer_.armed()) return;
  loop_.timers().Arm(queue_timer_, waiters_[expected()]->queued_ms_ + WaitLimitMs());
}

// Fails the first waiter without an attempt if its deadline has passed.
void Pool::ExpireOne() {
  const size_t first = expected();
  if (waiters_.size() <= first || waiters_[first]->queued_ms_ + WaitLimitMs() > loop_.now_ms()) {
    WatchQueue();
    return;
  }
  expire_.Schedule();
  ProxyError error = QueueError();
  if (!target_->addresses.empty() && !circuits_->PermitsAny()) error = circuits_->Error();
  if (target_->addresses.empty()) {
    error = ProxyError(ErrorReason::kResolveFailed,
                       "the name has no address yet after upstreams[].timeouts.queue");
  }
  metrics_.Failed(error.reason);
  TakeWaiter(first)->OnNoConnection(std::move(error));
}

// Fails all current waiters of an upstream whose name has no address.
void Pool::RefuseUnresolved() {
  const TargetPtr target = target_;
  bool gone = false;  // set if the last exchange releases this pool
  gone_ = &gone;
  for (size_t count = waiters_.size(); count > 0 && !waiters_.empty(); --count) {
    metrics_.Failed(ErrorReason::kResolveFailed);
    TakeWaiter(0)->OnNoConnection(ProxyError(ErrorReason::kResolveFailed, target->unresolved));
    if (gone) return;
  }
  gone_ = nullptr;
  ConnectIfNeeded();
}

// Connects again if a circuit has closed. Otherwise fails all current waiters for which no attempt
// is in progress; but if the application is merely slow to accept, they wait for the connections
// that are in use.
void Pool::Reconsider() {
  ConnectIfNeeded();
  reconsider_.Cancel();
  if (target_->addresses.empty() || circuits_->PermitsAny()) return;
  if (in_use() > 0 && circuits_->AllSilent()) return;
  const ProxyError error = circuits_->Error();
  const std::shared_ptr<Pool> self = shared_from_this();  // the last exchange may release this pool
  for (size_t count = waiters_.size(); count > expected() && waiters_.size() > expected();
       --count) {
    metrics_.Failed(error.reason);
    TakeWaiter(expected())->OnNoConnection(error);
  }
}

// ---- opening

void Pool::SetTarget(TargetPtr target) {
  target_ = std::move(target);
  circuits_->SetAddresses(target_->addresses, target_->config.timeouts.connect.count());
  loop_.timers().Cancel(refuse_timer_);
  if (multiplexed_ != nullptr) multiplexed_->SetTarget(target_);
  DropStrays();
  ConnectIfNeeded();
}

// Uses no connection to an address that requests are not sent to any more.
void Pool::DropStrays() {
  std::vector<Connection*> strays;
  for (const auto& connection : idle_) {
    if (!IsUsable(connection->address())) strays.push_back(connection.get());
  }
  for (Connection* connection : strays) DropIdle(connection);
  if (multiplexed_ == nullptr) return;
  multiplexed_->StopUnless([this](const io::SocketAddress& address) { return IsUsable(address); });
}

bool Pool::IsUsable(const io::SocketAddress& address) const {
  return std::find(target_->addresses.begin(), target_->addresses.end(), address) !=
             target_->addresses.end() &&
         circuits_->IsUsable(address);
}

void Pool::ConnectIfNeeded() {
  if (target_->addresses.empty()) {
    if (!waiters_.empty() && !target_->unresolved.empty()) loop_.ArmIn(refuse_timer_, 0);
    WatchQueue();
    return;
  }
  while (expected() < waiters_.size()) {
    if (!circuits_->PermitsAny()) {
      if (multiplexed_ != nullptr && multiplexed_->has_slot()) {
        serve_.Schedule();
      } else {
        reconsider_.Schedule();
      }
      break;
    }
    if (total() >= target_->config.pool.connections && !MakeRoom()) {
      // A request that was refused on one connection may find only that one.
      if (multiplexed_ != nullptr && multiplexed_->has_slot()) serve_.Schedule();
      break;
    }
    StartAttempt();
  }
  WatchQueue();
}

// Makes room for a wanted attempt: cancels an orphan, or else closes an idle connection.
bool Pool::MakeRoom() {
  auto orphan = std::find_if(attempts_.begin(), attempts_.end(),
                             [](const auto& attempt) { return attempt->orphan; });
  if (orphan != attempts_.end()) {
    Finish(orphan->get());
    return true;
  }
  if (idle_.empty()) return false;
  DropIdle(idle_.front().get());
  return true;
}

void Pool::StartAttempt() {
  const bool held = redial_timer_.armed();
  ConnectionAttempt::Owner& owner = *this;
  ConnectionAttempt& attempt = *attempts_.emplace_back(
      std::make_unique<ConnectionAttempt>(loop_, connector_, *circuits_, owner));
  metrics_.ConnectionAdded(UpstreamConnectionState::kConnecting);
  attempt.Start(held);
}

void Pool::OnQueueFull() {
  if (!redial_timer_.armed()) loop_.ArmIn(redial_timer_, kRetryMs);
}

// Lets the oldest attempt try that waits for room in the listen queue of a Unix socket.
void Pool::DialHeld() {
  auto held = std::find_if(attempts_.begin(), attempts_.end(),
                           [](const auto& attempt) { return attempt->held(); });
  if (held == attempts_.end()) {
    loop_.timers().Cancel(redial_timer_);
    return;
  }
  loop_.ArmIn(redial_timer_, kRetryMs);
  (*held)->Dial();
}

void Pool::OnConnected(ConnectionAttempt* attempt, std::unique_ptr<io::ByteStream> stream,
                       const io::SocketAddress& address) {
  Finish(attempt);
  if (redial_timer_.armed()) DialHeld();
  if (multiplexed_ != nullptr) {
    multiplexed_->Add(std::move(stream), address);
    const std::shared_ptr<Pool> self = shared_from_this();
    ServeWaiters(Slots::kNew);
    if (shut_down_) multiplexed_->Shutdown();
    return;
  }
  ++active_;
  metrics_.ConnectionAdded(UpstreamConnectionState::kActive);
  auto connection = std::make_unique<Connection>(std::move(stream), address, target_->config.limits,
                                                 loop_.buffers());
  if (waiters_.empty()) {
    Return(std::move(connection));
  } else {
    HandOut(std::move(connection));
  }
}

void Pool::OnFailed(ConnectionAttempt* attempt, ProxyError error) {
  const bool orphan = attempt->orphan;
  Finish(attempt);
  metrics_.Failed(error.reason);
  ReportUnreachable();
  if (multiplexed_ != nullptr) {
    FailWaiters(orphan ? 0 : waiters_per_attempt(), error);
    return;
  }
  LeaseHandler* waiter = orphan || waiters_.empty() ? nullptr : TakeWaiter(0);
  ConnectIfNeeded();
  if (waiter != nullptr) waiter->OnNoConnection(std::move(error));
}

// Fails the first `count` waiters.
void Pool::FailWaiters(size_t count, const ProxyError& error) {
  const std::shared_ptr<Pool> self = shared_from_this();  // the last exchange may release this pool
  for (count = std::min(count, waiters_.size()); count > 0 && !waiters_.empty(); --count) {
    TakeWaiter(0)->OnNoConnection(error);
  }
  ConnectIfNeeded();
}

void Pool::ReportUnreachable() {
  if (!target_->named || !on_unreachable_) return;
  if (unreachable_since_ms_ != 0 && loop_.now_ms() - unreachable_since_ms_ < 1000) return;
  unreachable_since_ms_ = loop_.now_ms();
  on_unreachable_();
}

void Pool::Finish(ConnectionAttempt* attempt) {
  metrics_.ConnectionRemoved(UpstreamConnectionState::kConnecting);
  if (attempt->orphan) --orphans_;
  std::erase_if(attempts_, [attempt](const auto& a) { return a.get() == attempt; });
}

// ---- using

Lease Pool::MakeLease(std::unique_ptr<Connection> connection) {
  connection->SetActive();
  return Lease(shared_from_this(), std::move(connection));
}

Lease Pool::TakeIdle(Request request) {
  if (multiplexed_ != nullptr) {
    std::unique_ptr<http::RequestWriter> stream =
        multiplexed_->OpenStream(request == Request::kOnce);
    if (stream != nullptr) CountFree();
    return Lease(shared_from_this(), std::move(stream));
  }
  while (!idle_.empty()) {
    const int64_t idle_ms = loop_.now_ms() - idle_.back()->idle_since_ms();
    // The others have been idle for even longer.
    if (request == Request::kOnce && idle_ms > kFreshMs) return {};
    std::unique_ptr<Connection> connection = std::move(idle_.back());
    idle_.pop_back();
    if (request == Request::kRepeatable || connection->IsQuiet()) {
      ++active_;
      CountFree();
      metrics_.ConnectionMoved(UpstreamConnectionState::kIdle, UpstreamConnectionState::kActive);
      return MakeLease(std::move(connection));
    }
    metrics_.ConnectionRemoved(UpstreamConnectionState::kIdle);
    loop_.DeferDelete(std::move(connection));
  }
  return {};
}

void Pool::HandOut(std::unique_ptr<Connection> connection) {
  CountServed(loop_.now_ms() - waiters_.front()->queued_ms_);
  TakeWaiter(0)->OnConnection(MakeLease(std::move(connection)));
}

void Pool::ServeWaiters(Slots slots) {
  if (waiters_.empty()) return;
  const std::shared_ptr<Pool> self = shared_from_this();  // the last exchange may release this pool
  ShedWaiters();
  for (;;) {
    auto waiter = std::find_if(waiters_.begin(), waiters_.end(), [&](const LeaseHandler* each) {
      return slots != Slots::kAny || !each->another_;
    });
    if (waiter == waiters_.end()) break;
    std::unique_ptr<http::RequestWriter> stream = (*waiter)->another_ && slots == Slots::kNew
                                                      ? multiplexed_->OpenNewestStream()
                                                      : multiplexed_->OpenStream(false);
    if (stream == nullptr) break;
    if (expected() > 0 && expected() < waiters_.size()) {
      RenewOldest(attempts_);
    }
    CountServed(loop_.now_ms() - (*waiter)->queued_ms_);
    const auto index = static_cast<size_t>(waiter - waiters_.begin());
    TakeWaiter(index)->OnConnection(Lease(self, std::move(stream)));
  }
  ConnectIfNeeded();
}

void Pool::Return(std::unique_ptr<Connection> connection) {
  const bool reusable = connection->FinishRequest();
  if (shut_down_ || !reusable || !IsUsable(connection->address())) {
    Discard(std::move(connection));
    return;
  }
  ShedWaiters();
  if (!waiters_.empty()) {
    // The upstream may have closed the connection after this response, and that end may not have
    // been read yet.
    if (!waiters_.front()->repeatable_ && !connection->IsQuiet()) {
      Discard(std::move(connection));
      return;
    }
    if (wanted_attempts() > 0 && wanted_attempts() < waiters_.size()) {
      RenewOldest(attempts_);
    }
    HandOut(std::move(connection));
    return;
  }
  const int64_t limit_ms = IdleLimitMs(*connection);
  if (target_->config.pool.idle_connections == 0 || limit_ms <= 0) {
    Discard(std::move(connection));
    return;
  }
  --active_;
  metrics_.ConnectionMoved(UpstreamConnectionState::kActive, UpstreamConnectionState::kIdle);
  connection->SetIdle(this, loop_.now_ms(), limit_ms);
  idle_.push_back(std::move(connection));
  const int64_t due_ms = loop_.now_ms() + std::min(limit_ms, kSurplusMs);
  if (!idle_timer_.armed() || idle_timer_.deadline_ms() > due_ms) {
    loop_.timers().Arm(idle_timer_, due_ms);
  }
}

void Pool::Discard(std::unique_ptr<Connection> connection) {
  --active_;
  metrics_.ConnectionRemoved(UpstreamConnectionState::kActive);
  loop_.DeferDelete(std::move(connection));
  ConnectIfNeeded();
}

// ---- idle connections

int64_t Pool::IdleLimitMs(const Connection& connection) const {
  const int64_t ours = target_->config.timeouts.idle.count();
  const std::optional<int64_t> announced = connection.announced_idle_ms();
  return announced ? std::min(ours, *announced - kAnnouncedMarginMs) : ours;
}

void Pool::ExpireIdle() {
  const int64_t now = loop_.now_ms();
  const size_t kept = target_->config.pool.idle_connections;
  const size_t surplus = idle_.size() > kept ? idle_.size() - kept : 0;
  std::vector<Connection*> due;
  int64_t next = kNever;
  for (size_t i = 0; i < idle_.size(); ++i) {
    int64_t limit_ms = idle_[i]->idle_limit_ms();
    if (i < surplus) limit_ms = std::min(limit_ms, kSurplusMs);
    const int64_t due_ms = idle_[i]->idle_since_ms() + limit_ms;
    if (due_ms <= now) {
      due.push_back(idle_[i].get());
    } else {
      next = std::min(next, due_ms);
    }
  }
  for (Connection* connection : due) DropIdle(connection);
  if (next != kNever) loop_.timers().Arm(idle_timer_, next);
}

void Pool::DropIdle(Connection* connection) {
  auto it = std::find_if(idle_.begin(), idle_.end(),
                         [connection](const auto& c) { return c.get() == connection; });
  if (it == idle_.end()) return;
  metrics_.ConnectionRemoved(UpstreamConnectionState::kIdle);
  loop_.DeferDelete(std::move(*it));
  idle_.erase(it);
}

void Pool::Shutdown() {
  shut_down_ = true;
  while (!idle_.empty()) DropIdle(idle_.back().get());
  if (multiplexed_ != nullptr) multiplexed_->Shutdown();
}

}  // namespace mantlet::upstream
