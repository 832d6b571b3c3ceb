#include "proxy/upstream/pool.h"

#include <algorithm>
#include <utility>

namespace mantlet::upstream {

using base::ErrorReason;
using base::ProxyError;
using observe::UpstreamConnectionState;

namespace {

ErrorReason ReasonOf(const io::StreamError& error) {
  if (error.code == "connect_refused") return ErrorReason::kConnectRefused;
  if (error.code == "timeout") return ErrorReason::kConnectTimeout;
  return ErrorReason::kConnectFailed;
}

}  // namespace

struct Pool::Attempt {
  explicit Attempt(Pool* pool) : timer([this, pool] { pool->OnAttemptTimeout(this); }) {}
  std::unique_ptr<io::Stream> stream;
  TargetPtr target;    // whose addresses are tried
  size_t address = 0;  // index into them
  base::FunctionTimer timer;
};

Pool::Pool(io::Loop& loop, TargetPtr target, observe::UpstreamMetrics& metrics)
    : loop_(loop),
      target_(std::move(target)),
      metrics_(metrics),
      refuse_timer_([this] { RefuseUnresolved(); }) {}

Pool::~Pool() {
  if (gone_ != nullptr) *gone_ = true;
  Retire();
  for (size_t i = 0; i < attempts_.size(); ++i) {
    metrics_.ConnectionRemoved(UpstreamConnectionState::kConnecting);
  }
}

std::unique_ptr<Connection> Pool::TakeIdle() {
  if (idle_.empty()) return nullptr;
  std::unique_ptr<Connection> connection = std::move(idle_.back());
  idle_.pop_back();
  loop_.timers().Cancel(connection->idle_timer());
  ++active_;
  metrics_.ConnectionMoved(UpstreamConnectionState::kIdle, UpstreamConnectionState::kActive);
  return connection;
}

bool Pool::Wait(Waiter* waiter) {
  if (waiters_.size() >= target_->config.pool.pending &&
      (total() >= target_->config.pool.connections || target_->addresses.empty())) {
    return false;
  }
  waiters_.push_back(waiter);
  ConnectIfNeeded();
  return true;
}

void Pool::CancelWait(Waiter* waiter) { std::erase(waiters_, waiter); }

void Pool::SetTarget(TargetPtr target) {
  target_ = std::move(target);
  loop_.timers().Cancel(refuse_timer_);
  std::vector<Connection*> strays;
  for (const auto& connection : idle_) {
    if (!StillHas(connection->address())) strays.push_back(connection.get());
  }
  for (Connection* connection : strays) DropIdle(connection);
  ConnectIfNeeded();
}

bool Pool::StillHas(const io::SocketAddress& address) const {
  return std::find(target_->addresses.begin(), target_->addresses.end(), address) !=
         target_->addresses.end();
}

// Everybody who waits by now for an upstream whose name has no address.
void Pool::RefuseUnresolved() {
  const TargetPtr target = target_;
  bool gone = false;  // the last exchange may let go of this pool
  gone_ = &gone;
  for (size_t count = waiters_.size(); count > 0 && !waiters_.empty(); --count) {
    Waiter* waiter = waiters_.front();
    waiters_.pop_front();
    metrics_.Failed(ErrorReason::kResolveFailed);
    waiter->OnNoConnection(ProxyError(ErrorReason::kResolveFailed, target->unresolved));
    if (gone) return;
  }
  gone_ = nullptr;
  ConnectIfNeeded();
}

void Pool::ConnectIfNeeded() {
  if (target_->addresses.empty()) {
    if (!waiters_.empty() && !target_->unresolved.empty()) loop_.ArmIn(refuse_timer_, 0);
    return;
  }
  while (attempts_.size() < waiters_.size() && total() < target_->config.pool.connections) {
    StartAttempt();
  }
}

void Pool::StartAttempt() {
  Attempt& attempt = *attempts_.emplace_back(std::make_unique<Attempt>(this));
  attempt.target = target_;
  metrics_.ConnectionAdded(UpstreamConnectionState::kConnecting);
  loop_.ArmIn(attempt.timer, target_->config.timeouts.connect.count());
  Dial(attempt);
}

void Pool::Dial(Attempt& attempt) {
  attempt.stream = io::Stream::Connect(
      loop_, attempt.target->addresses[attempt.address],
      [this, &attempt](const io::StreamError* error) { OnConnected(&attempt, error); });
}

void Pool::OnConnected(Attempt* attempt, const io::StreamError* error) {
  if (error == nullptr) {
    const io::SocketAddress address = attempt->target->addresses[attempt->address];
    std::unique_ptr<io::Stream> stream = Finish(attempt);
    ++active_;
    metrics_.ConnectionAdded(UpstreamConnectionState::kActive);
    auto connection = std::make_unique<Connection>(std::move(stream), http1::ParserLimits{});
    connection->set_address(address);
    HandOut(std::move(connection));
    return;
  }
  const bool moved = attempt->target != target_ && !target_->addresses.empty();
  if (moved || attempt->address + 1 < attempt->target->addresses.size()) {
    attempt->address = moved ? 0 : attempt->address + 1;
    if (moved) attempt->target = target_;
    Dial(*attempt);
    return;
  }
  FailAttempt(attempt, ProxyError(ReasonOf(*error), error->detail));
}

void Pool::OnAttemptTimeout(Attempt* attempt) {
  FailAttempt(attempt, ProxyError(ErrorReason::kConnectTimeout, "no answer to the connection"));
}

void Pool::FailAttempt(Attempt* attempt, ProxyError error) {
  Finish(attempt);
  metrics_.Failed(error.reason);
  if (target_->named && on_unreachable_ &&
      (unreachable_since_ms_ == 0 || loop_.now_ms() - unreachable_since_ms_ >= 1000)) {
    unreachable_since_ms_ = loop_.now_ms();
    on_unreachable_();
  }
  if (!waiters_.empty()) {
    Waiter* waiter = waiters_.front();
    waiters_.pop_front();
    waiter->OnNoConnection(std::move(error));
  }
  ConnectIfNeeded();
}

std::unique_ptr<io::Stream> Pool::Finish(Attempt* attempt) {
  metrics_.ConnectionRemoved(UpstreamConnectionState::kConnecting);
  std::unique_ptr<io::Stream> stream = std::move(attempt->stream);
  auto it = std::find_if(attempts_.begin(), attempts_.end(),
                         [attempt](const auto& a) { return a.get() == attempt; });
  attempts_.erase(it);
  return stream;
}

void Pool::HandOut(std::unique_ptr<Connection> connection) {
  if (waiters_.empty()) {
    Return(std::move(connection), true);
    return;
  }
  Waiter* waiter = waiters_.front();
  waiters_.pop_front();
  waiter->OnConnection(std::move(connection));
}

void Pool::Return(std::unique_ptr<Connection> connection, bool reusable) {
  if (retired_ || !reusable || !connection->reusable() || !StillHas(connection->address())) {
    --active_;
    metrics_.ConnectionRemoved(UpstreamConnectionState::kActive);
    connection->Detach();
    loop_.Retire(std::move(connection));
    ConnectIfNeeded();
    return;
  }
  if (!waiters_.empty()) {
    HandOut(std::move(connection));
    return;
  }
  --active_;
  if (idle_.size() >= target_->config.pool.idle_connections) {
    metrics_.ConnectionRemoved(UpstreamConnectionState::kActive);
    loop_.Retire(std::move(connection));
    return;
  }
  metrics_.ConnectionMoved(UpstreamConnectionState::kActive, UpstreamConnectionState::kIdle);
  Connection* raw = connection.get();
  raw->SetIdle([this, raw] { DropIdle(raw); });
  loop_.ArmIn(raw->idle_timer(), target_->config.timeouts.idle.count());
  idle_.push_back(std::move(connection));
}

void Pool::DropIdle(Connection* connection) {
  auto it = std::find_if(idle_.begin(), idle_.end(),
                         [connection](const auto& c) { return c.get() == connection; });
  if (it == idle_.end()) return;
  loop_.timers().Cancel(connection->idle_timer());
  metrics_.ConnectionRemoved(UpstreamConnectionState::kIdle);
  loop_.Retire(std::move(*it));
  idle_.erase(it);
}

void Pool::TunnelEnded() {
  --active_;
  metrics_.ConnectionRemoved(UpstreamConnectionState::kActive);
  ConnectIfNeeded();
}

void Pool::Retire() {
  retired_ = true;
  while (!idle_.empty()) DropIdle(idle_.back().get());
}

}  // namespace mantlet::upstream
