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

ErrorReason ReasonOf(const io::StreamError& error) {
  if (error.failure == io::StreamFailure::kConnectRefused) return ErrorReason::kConnectRefused;
  if (error.failure == io::StreamFailure::kTimedOut) return ErrorReason::kConnectTimeout;
  return ErrorReason::kConnectFailed;
}

// Restarts the timeout of the oldest wanted attempt: its waiter has left, and the next waiter,
// which inherits the attempt, gets the full time.
template <typename Attempts>
void RenewOldest(io::Loop& loop, Attempts& attempts, int64_t ms) {
  auto wanted = std::find_if(attempts.begin(), attempts.end(),
                             [](const auto& attempt) { return !attempt->orphan; });
  if (wanted != attempts.end()) loop.ArmIn((*wanted)->timer, ms);
}

}  // namespace

struct Pool::Attempt {
  explicit Attempt(Pool* pool)
      : timer([this, pool] { pool->OnAttemptTimeout(this); }),
        next([this, pool] { pool->LeaveSilentAddress(*this); }),
        again([this, pool] { pool->Dial(*this); }) {}
  std::unique_ptr<Connector::Attempt> connecting;
  TargetPtr target;    // the target whose addresses are tried
  size_t address = 0;  // index into them
  // The first address that did not answer within its share of the time. If all others refuse, it is
  // tried again with the remaining time, because its listen queue may have been full.
  std::optional<size_t> silent;
  bool last = false;          // no other address follows
  bool orphan = false;        // its waiter has left or has been served
  base::FunctionTimer timer;  // the deadline of the attempt
  base::FunctionTimer next;   // the deadline of the current address, if another one follows
  base::FunctionTimer again;  // the next try after a full listen queue
};

Pool::Pool(io::Loop& loop, Connector& connector, TargetPtr target,
           observe::UpstreamMetrics& metrics, std::shared_ptr<http2::SessionMemory> memory)
    : loop_(loop),
      connector_(connector),
      target_(std::move(target)),
      metrics_(metrics),
      refuse_timer_([this] { RefuseUnresolved(); }),
      idle_timer_([this] { ExpireIdle(); }),
      queue_timer_([this] { expire_.Schedule(); }),
      multiplexed_(memory == nullptr ? nullptr
                                     : std::make_unique<MultiplexedConnections>(
                                           loop, std::move(memory), metrics, target_,
                                           static_cast<MultiplexedConnections::Observer&>(*this))),
      serve_(loop, [this] { ServeWaiters(Slots::kLast); }),
      expire_(loop, [this] { ExpireOne(); }) {}

Pool::~Pool() {
  if (gone_ != nullptr) *gone_ = true;
  Shutdown();
  for (LeaseHandler* waiter : waiters_) waiter->pool_ = nullptr;
  for (size_t i = 0; i < attempts_.size(); ++i) {
    metrics_.ConnectionRemoved(UpstreamConnectionState::kConnecting);
  }
}

// ---- waiters

bool Pool::Wait(LeaseHandler* waiter, Request request, bool another) {
  const config::Pool& limits = target_->config.pool;
  const size_t busy = in_use() + wanted_attempts();
  if (waiters_.size() >= limits.pending &&
      (busy >= limits.connections || target_->addresses.empty())) {
    return false;
  }
  waiter->pool_ = this;
  waiter->repeatable_ = request == Request::kRepeatable;
  waiter->another_ = another;
  waiter->deadline_ms_ = loop_.now_ms() + target_->config.timeouts.queue.count();
  waiters_.push_back(waiter);
  ConnectIfNeeded();
  return true;
}

void Pool::CancelWait(LeaseHandler* waiter) {
  auto it = std::find(waiters_.begin(), waiters_.end(), waiter);
  if (it == waiters_.end()) return;
  const auto index = static_cast<size_t>(it - waiters_.begin());
  if (index < expected() && expected() < waiters_.size()) {
    RenewOldest(loop_, attempts_, target_->config.timeouts.connect.count());
  }
  TakeWaiter(index);
}

Pool::LeaseHandler* Pool::TakeWaiter(size_t index) {
  LeaseHandler* waiter = waiters_[index];
  waiters_.erase(waiters_.begin() + static_cast<ptrdiff_t>(index));
  waiter->pool_ = nullptr;
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

void Pool::WatchQueue() {
  if (waiters_.size() <= expected() || queue_timer_.armed()) return;
  loop_.timers().Arm(queue_timer_, waiters_[expected()]->deadline_ms_);
}

// Fails the first waiter without an attempt if its deadline has passed.
void Pool::ExpireOne() {
  const size_t first = expected();
  if (waiters_.size() <= first || waiters_[first]->deadline_ms_ > loop_.now_ms()) {
    WatchQueue();
    return;
  }
  expire_.Schedule();
  ProxyError error(ErrorReason::kTimeoutQueue,
                   "all of upstreams[].pool.connections were in use for longer than "
                   "upstreams[].timeouts.queue");
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

// ---- opening

void Pool::SetTarget(TargetPtr target) {
  target_ = std::move(target);
  loop_.timers().Cancel(refuse_timer_);
  std::vector<Connection*> strays;
  for (const auto& connection : idle_) {
    if (!StillHas(connection->address())) strays.push_back(connection.get());
  }
  for (Connection* connection : strays) DropIdle(connection);
  if (multiplexed_ != nullptr) multiplexed_->SetTarget(target_);
  ConnectIfNeeded();
}

bool Pool::StillHas(const io::SocketAddress& address) const {
  return std::find(target_->addresses.begin(), target_->addresses.end(), address) !=
         target_->addresses.end();
}

void Pool::ConnectIfNeeded() {
  if (target_->addresses.empty()) {
    if (!waiters_.empty() && !target_->unresolved.empty()) loop_.ArmIn(refuse_timer_, 0);
    WatchQueue();
    return;
  }
  while (expected() < waiters_.size()) {
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
  Attempt& attempt = *attempts_.emplace_back(std::make_unique<Attempt>(this));
  attempt.target = target_;
  metrics_.ConnectionAdded(UpstreamConnectionState::kConnecting);
  loop_.ArmIn(attempt.timer, target_->config.timeouts.connect.count());
  Dial(attempt);
}

void Pool::Dial(Attempt& attempt) {
  attempt.connecting = connector_.Connect(
      attempt.target->addresses[attempt.address],
      [this, &attempt](Connector::Outcome outcome) { OnOutcome(&attempt, std::move(outcome)); });
  const size_t addresses = attempt.target->addresses.size();
  if (attempt.address + 1 < addresses && !attempt.last) {
    loop_.ArmIn(attempt.next, AddressMs(addresses));
  } else {
    loop_.timers().Cancel(attempt.next);
  }
}

// Returns how long one of several addresses may stay silent.
int64_t Pool::AddressMs(size_t addresses) const {
  const int64_t all_ms = target_->config.timeouts.connect.count();
  const auto share_ms = all_ms / static_cast<int64_t>(addresses);
  return std::max(share_ms, std::min(kLeastAddressMs, all_ms / 2));
}

void Pool::LeaveSilentAddress(Attempt& attempt) {
  if (!attempt.silent) attempt.silent = attempt.address;
  TryNextAddress(attempt);
}

// Returns false if there is no next address.
bool Pool::TryNextAddress(Attempt& attempt) {
  if (attempt.target != target_ && !target_->addresses.empty()) {
    attempt.target = target_;
    attempt.address = 0;
    attempt.silent.reset();
    attempt.last = false;
  } else if (attempt.last) {
    return false;
  } else if (attempt.address + 1 < attempt.target->addresses.size()) {
    ++attempt.address;
  } else if (attempt.silent) {
    attempt.address = *attempt.silent;
    attempt.last = true;
  } else {
    return false;
  }
  Dial(attempt);
  return true;
}

void Pool::OnConnected(Attempt* attempt, std::unique_ptr<io::ByteStream> stream) {
  const io::SocketAddress address = attempt->target->addresses[attempt->address];
  Finish(attempt);
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

void Pool::OnOutcome(Attempt* attempt, Connector::Outcome outcome) {
  if (auto* connected = std::get_if<Connector::Connected>(&outcome)) {
    OnConnected(attempt, std::move(connected->stream));
    return;
  }
  const io::StreamError& error = std::get<io::StreamError>(outcome);
  if (error.failure == io::StreamFailure::kQueueFull) {
    // The listen queue of a Unix socket is full. For TCP, the kernel retries by itself.
    attempt->connecting.reset();
    loop_.ArmIn(attempt->again, kRetryMs);
    return;
  }
  if (!TryNextAddress(*attempt)) FailAttempt(attempt, ProxyError(ReasonOf(error), error.detail));
}

void Pool::OnAttemptTimeout(Attempt* attempt) {
  FailAttempt(attempt, ProxyError(ErrorReason::kConnectTimeout,
                                  attempt->connecting == nullptr
                                      ? "the application's listen queue was full for longer than "
                                        "upstreams[].timeouts.connect"
                                      : "no connection within upstreams[].timeouts.connect"));
}

void Pool::FailAttempt(Attempt* attempt, ProxyError error) {
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

void Pool::Finish(Attempt* attempt) {
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
    return Lease(shared_from_this(), multiplexed_->OpenStream(request == Request::kOnce));
  }
  while (!idle_.empty()) {
    const int64_t idle_ms = loop_.now_ms() - idle_.back()->idle_since_ms();
    // The others have been idle for even longer.
    if (request == Request::kOnce && idle_ms > kFreshMs) return {};
    std::unique_ptr<Connection> connection = std::move(idle_.back());
    idle_.pop_back();
    if (request == Request::kRepeatable || connection->IsQuiet()) {
      ++active_;
      metrics_.ConnectionMoved(UpstreamConnectionState::kIdle, UpstreamConnectionState::kActive);
      return MakeLease(std::move(connection));
    }
    metrics_.ConnectionRemoved(UpstreamConnectionState::kIdle);
    loop_.DeferDelete(std::move(connection));
  }
  return {};
}

void Pool::HandOut(std::unique_ptr<Connection> connection) {
  TakeWaiter(0)->OnConnection(MakeLease(std::move(connection)));
}

void Pool::ServeWaiters(Slots slots) {
  if (waiters_.empty()) return;
  const std::shared_ptr<Pool> self = shared_from_this();  // the last exchange may release this pool
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
      RenewOldest(loop_, attempts_, target_->config.timeouts.connect.count());
    }
    const auto index = static_cast<size_t>(waiter - waiters_.begin());
    TakeWaiter(index)->OnConnection(Lease(self, std::move(stream)));
  }
  ConnectIfNeeded();
}

void Pool::Return(std::unique_ptr<Connection> connection) {
  const bool reusable = connection->FinishRequest();
  if (shut_down_ || !reusable || !StillHas(connection->address())) {
    Discard(std::move(connection));
    return;
  }
  if (!waiters_.empty()) {
    // The upstream may have closed the connection after this response, and that end may not have
    // been read yet.
    if (!waiters_.front()->repeatable_ && !connection->IsQuiet()) {
      Discard(std::move(connection));
      return;
    }
    if (wanted_attempts() > 0 && wanted_attempts() < waiters_.size()) {
      RenewOldest(loop_, attempts_, target_->config.timeouts.connect.count());
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
