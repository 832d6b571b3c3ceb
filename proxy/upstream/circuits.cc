#include "proxy/upstream/circuits.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "proxy/upstream/connect_error.h"

namespace mantlet::upstream {

using base::ErrorReason;
using base::ProxyError;

struct Circuits::Entry {
  Entry(Circuits& circuits, const io::SocketAddress& of)
      : address(of), timer([this, &circuits] {
          if (trial == nullptr) {
            circuits.BeginTrial(*this);
          } else {
            circuits.FailTrial(*this, ConnectTimeout());
          }
        }) {}

  const io::SocketAddress address;
  Circuit circuit;
  ProxyError error;                           // the last one
  std::unique_ptr<Connector::Attempt> trial;  // null while none is in progress
  base::FunctionTimer timer;                  // the begin of the next trial, or its deadline
};

Circuits::Circuits(io::Loop& loop, Connector& connector)
    : loop_(loop), connector_(connector), random_(std::random_device()()) {}

Circuits::~Circuits() = default;

void Circuits::SetAddresses(const std::vector<io::SocketAddress>& addresses, int64_t connect_ms) {
  connect_ms_ = connect_ms;
  std::list<Entry> before = std::exchange(entries_, {});
  for (const io::SocketAddress& address : addresses) {
    if (Find(address) != nullptr) continue;
    auto known = std::find_if(before.begin(), before.end(),
                              [&](const Entry& entry) { return entry.address == address; });
    if (known == before.end()) {
      entries_.emplace_back(*this, address);
    } else {
      entries_.splice(entries_.end(), before, known);
    }
  }
}

Circuits::Entry* Circuits::Find(const io::SocketAddress& address) {
  auto it = std::find_if(entries_.begin(), entries_.end(),
                         [&](const Entry& entry) { return entry.address == address; });
  return it == entries_.end() ? nullptr : &*it;
}

bool Circuits::Permits(const io::SocketAddress& address) const {
  const bool open = std::any_of(entries_.begin(), entries_.end(), [&](const Entry& entry) {
    return entry.circuit.is_open() && entry.address == address;
  });
  return !open && (unhealthy_.empty() || IsUsable(address));
}

bool Circuits::IsHealthy(const io::SocketAddress& address) const {
  return std::find(unhealthy_.begin(), unhealthy_.end(), address) == unhealthy_.end();
}

bool Circuits::IsUsable(const io::SocketAddress& address) const {
  if (IsHealthy(address)) return true;
  return std::none_of(entries_.begin(), entries_.end(), [&](const Entry& entry) {
    return !entry.circuit.is_open() && IsHealthy(entry.address);
  });
}

void Circuits::SetUnhealthy(std::vector<io::SocketAddress> addresses) {
  unhealthy_ = std::move(addresses);
  for (Observer* observer : observers_) observer->OnHealthChanged();
}

bool Circuits::PermitsAny() const {
  return std::any_of(entries_.begin(), entries_.end(),
                     [](const Entry& entry) { return !entry.circuit.is_open(); });
}

ProxyError Circuits::Error() const {
  int64_t since_ms = 0;  // when the last of the addresses began to fail
  for (const Entry& entry : entries_) {
    since_ms = std::max(since_ms, entry.circuit.failing_since_ms());
  }
  return ProxyError(
      ErrorReason::kCircuitOpen,
      absl::StrFormat("no connection has been accepted for %.1f s; the last error of %s: %s",
                      static_cast<double>(loop_.now_ms() - since_ms) / 1000,
                      entries_.back().address.ToString(), entries_.back().error.detail));
}

bool Circuits::AllSilent() const {
  return std::all_of(entries_.begin(), entries_.end(), [](const Entry& entry) {
    return entry.error.reason == ErrorReason::kConnectTimeout;
  });
}

void Circuits::OnSuccess(const io::SocketAddress& address) {
  Entry* entry = Find(address);
  if (entry == nullptr) return;
  const int64_t since_ms = entry->circuit.failing_since_ms();
  if (!entry->circuit.OnSuccess()) return;
  loop_.timers().Cancel(entry->timer);
  entry->trial.reset();
  for (Observer* observer : observers_) observer->OnCircuitClosed();
  Report(*entry, false, since_ms);
}

void Circuits::OnFailure(const io::SocketAddress& address, const ProxyError& error) {
  Entry* entry = Find(address);
  if (entry == nullptr) return;
  entry->error = error;
  if (!entry->circuit.OnFailure(loop_.now_ms(), static_cast<uint32_t>(random_()))) return;
  ArmTrial(*entry);
  Report(*entry, true, entry->circuit.failing_since_ms());
}

// ---- trials

void Circuits::ArmTrial(Entry& entry) {
  loop_.timers().Arm(entry.timer, entry.circuit.trial_at_ms());
}

void Circuits::BeginTrial(Entry& entry) {
  loop_.ArmIn(entry.timer, connect_ms_);
  entry.trial = connector_.Connect(
      entry.address,
      [this, &entry](const Connector::Outcome& outcome) { OnTrialOutcome(entry, outcome); });
}

void Circuits::OnTrialOutcome(Entry& entry, const Connector::Outcome& outcome) {
  if (std::holds_alternative<Connector::Connected>(outcome)) {
    OnSuccess(entry.address);
  } else {
    FailTrial(entry, ConnectError(std::get<io::StreamError>(outcome)));
  }
}

void Circuits::FailTrial(Entry& entry, ProxyError error) {
  entry.trial.reset();
  entry.error = std::move(error);
  entry.circuit.OnTrialFailure(loop_.now_ms(), static_cast<uint32_t>(random_()));
  ArmTrial(entry);
  for (Observer* observer : observers_) observer->OnTrialFailed();
}

void Circuits::Report(const Entry& entry, bool open, int64_t since_ms) {
  if (!on_change_) return;
  on_change_({.open = open,
              .address = entry.address,
              .failing_ms = loop_.now_ms() - since_ms,
              .error = entry.error.detail});
}

}  // namespace mantlet::upstream
