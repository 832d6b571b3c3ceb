#include "proxy/upstream/connection_attempt.h"

#include <algorithm>
#include <utility>
#include <variant>

#include "proxy/upstream/connect_error.h"

namespace mantlet::upstream {

using base::ProxyError;

ConnectionAttempt::ConnectionAttempt(io::Loop& loop, Connector& connector, Circuits& circuits,
                                     Owner& owner)
    : loop_(loop),
      connector_(connector),
      circuits_(circuits),
      owner_(owner),
      target_(owner.CurrentTarget()),
      timer_([this] { OnTimeout(); }),
      next_([this] { LeaveSilentAddress(); }) {}

void ConnectionAttempt::Start(bool held) {
  Renew();
  FindPermitted(0);
  if (!held) Dial();
}

void ConnectionAttempt::Renew() {
  loop_.ArmIn(timer_, owner_.CurrentTarget()->config.timeouts.connect.count());
}

// Moves to the first address from `from` on whose circuit permits a connection. Returns false if
// there is none.
bool ConnectionAttempt::FindPermitted(size_t from) {
  for (size_t i = from; i < target_->addresses.size(); ++i) {
    if (!circuits_.Permits(target_->addresses[i])) continue;
    address_ = i;
    return true;
  }
  return false;
}

void ConnectionAttempt::Dial() {
  connecting_ =
      connector_.Connect(target_->addresses[address_],
                         [this](Connector::Outcome outcome) { OnOutcome(std::move(outcome)); });
  if (address_ + 1 < target_->addresses.size() && !last_) {
    loop_.ArmIn(next_, AddressMs());
  } else {
    loop_.timers().Cancel(next_);
  }
}

// Returns how long one of several addresses may stay silent.
int64_t ConnectionAttempt::AddressMs() const {
  const int64_t all_ms = target_->config.timeouts.connect.count();
  const auto share_ms = all_ms / static_cast<int64_t>(target_->addresses.size());
  return std::max(share_ms, std::min(kLeastAddressMs, all_ms / 2));
}

void ConnectionAttempt::LeaveSilentAddress() {
  if (!silent_) silent_ = address_;
  circuits_.OnFailure(target_->addresses[address_], ConnectTimeout());
  DialNext();  // continues with the address it has if no other one may be tried
}

// Dials the next address. Returns false if there is none.
bool ConnectionAttempt::DialNext() {
  const TargetPtr& newest = owner_.CurrentTarget();
  if (target_ != newest && !newest->addresses.empty()) {
    target_ = newest;
    silent_.reset();
    last_ = false;
    if (!FindPermitted(0)) return false;
  } else if (last_) {
    return false;
  } else if (!FindPermitted(address_ + 1)) {
    if (!silent_ || *silent_ == address_ || !circuits_.Permits(target_->addresses[*silent_]))
      return false;
    address_ = *silent_;
    last_ = true;
  }
  Dial();
  return true;
}

void ConnectionAttempt::OnOutcome(Connector::Outcome outcome) {
  const io::SocketAddress address = target_->addresses[address_];
  if (auto* connected = std::get_if<Connector::Connected>(&outcome)) {
    circuits_.OnSuccess(address);
    owner_.OnConnected(this, std::move(connected->stream), address);
    return;
  }
  const auto& error = std::get<io::StreamError>(outcome);
  if (error.failure == io::StreamFailure::kQueueFull) {
    // For TCP, the kernel repeats it by itself.
    connecting_.reset();
    owner_.OnQueueFull();
    return;
  }
  ProxyError failure = ConnectError(error);
  if (error.failure == io::StreamFailure::kLocal) {
    // No address could be reached now, and none is to blame: its circuit must not open.
    owner_.OnFailed(this, std::move(failure));
    return;
  }
  circuits_.OnFailure(address, failure);
  if (!DialNext()) owner_.OnFailed(this, std::move(failure));
}

void ConnectionAttempt::OnTimeout() {
  ProxyError error = held() ? QueueFullTimeout() : ConnectTimeout();
  circuits_.OnFailure(target_->addresses[address_], error);
  owner_.OnFailed(this, std::move(error));
}

}  // namespace mantlet::upstream
