#include "proxy/server/health_checks.h"

#include <algorithm>
#include <cstddef>
#include <memory>
#include <set>
#include <utility>
#include <variant>

#include "absl/strings/str_cat.h"
#include "proxy/base/timer_wheel.h"
#include "proxy/upstream/health.h"
#include "proxy/upstream/single_request.h"

namespace mantlet::server {

using upstream::HealthState;
using upstream::TargetPtr;
using Health = HealthState::Health;

// The checks of one address.
struct HealthChecks::Check {
  Check(HealthChecks& owner, TargetPtr of, const io::SocketAddress& at)
      : target(std::move(of)),
        address(at),
        next([this, &owner] { owner.Begin(*this); }),
        deadline([this, &owner] { owner.OnResult(*this, "no connection in time"); }) {}

  TargetPtr target;
  const io::SocketAddress address;
  HealthState state;
  std::string fault;                                      // of the last check; empty if it was good
  std::unique_ptr<upstream::SingleRequest> request;       // a check in progress
  std::unique_ptr<upstream::Connector::Attempt> connect;  // the same, of type tcp
  base::FunctionTimer next;                               // begins the next check
  base::FunctionTimer deadline;                           // of `connect`
};

struct HealthChecks::Checked {
  TargetPtr target;
  std::list<Check> checks;  // one for each address
};

HealthChecks::HealthChecks(io::Loop& loop, base::Logger& logger, observe::Metrics& metrics,
                           upstream::Connector& connector, Publish publish)
    : loop_(loop),
      logger_(logger),
      metrics_(metrics),
      connector_(connector),
      publish_(std::move(publish)) {}

HealthChecks::~HealthChecks() = default;

void HealthChecks::Use(const std::vector<TargetPtr>& targets) {
  std::set<std::string> used;
  for (const TargetPtr& target : targets) {
    const config::Upstream& config = target->config;
    if (config.health.interval.count() == 0 || !used.insert(config.name).second) continue;
    auto known = upstreams_.find(config.name);
    if (known != upstreams_.end() && known->second.target->config.health != config.health) {
      upstreams_.erase(known);
    }
    upstreams_.try_emplace(config.name);
    Update(target);
  }
  for (auto it = upstreams_.begin(); it != upstreams_.end();) {
    if (used.contains(it->first)) {
      ++it;
      continue;
    }
    metrics_.RemoveUpstreamHealthy(it->first);
    publish_(it->first, {});
    it = upstreams_.erase(it);
  }
}

void HealthChecks::Update(const TargetPtr& target) {
  auto found = upstreams_.find(target->config.name);
  if (found == upstreams_.end()) return;
  Checked& checked = found->second;
  checked.target = target;
  checked.checks.remove_if([&](const Check& check) {
    const auto& addresses = target->addresses;
    return std::find(addresses.begin(), addresses.end(), check.address) == addresses.end();
  });
  for (const io::SocketAddress& address : target->addresses) {
    auto known = std::find_if(checked.checks.begin(), checked.checks.end(),
                              [&](const Check& check) { return check.address == address; });
    if (known != checked.checks.end()) {
      known->target = target;
      continue;
    }
    Check& check = checked.checks.emplace_back(*this, target, address);
    loop_.ArmIn(check.next, 0);
  }
  Report(checked);
}

void HealthChecks::Begin(Check& check) {
  const config::Upstream& config = check.target->config;
  loop_.ArmIn(check.next, config.health.interval.count());
  if (check.request != nullptr || check.connect != nullptr) return;  // it ends in this tick
  if (config.health.type == config::HealthType::kTcp) {
    loop_.ArmIn(check.deadline, config.health.timeout.count());
    check.connect =
        connector_.Connect(check.address, [this, &check](upstream::Connector::Outcome outcome) {
          const auto* error = std::get_if<io::StreamError>(&outcome);
          OnResult(check, error == nullptr ? "" : error->detail);
        });
    return;
  }
  const bool tcp = config.address.kind == config::Address::Kind::kTcp;
  check.request = std::make_unique<upstream::SingleRequest>(
      loop_, connector_, check.address,
      upstream::HealthRequest(config, tcp ? check.target->address_text : "localhost"),
      [this, &check](const upstream::SingleRequest::Response& response) {
        OnResult(check, upstream::HealthFault(check.target->config.health.type, response));
      });
}

void HealthChecks::OnResult(Check& check, std::string fault) {
  loop_.timers().Cancel(check.deadline);
  check.request.reset();
  check.connect.reset();
  check.fault = std::move(fault);
  const bool first = check.state.health() == Health::kUnknown;
  if (!check.state.OnResult(check.fault.empty())) return;
  const std::string& name = check.target->config.name;
  if (check.state.health() == Health::kUnhealthy) {
    logger_.Warn("upstream_unhealthy",
                 "An address of an upstream fails its health check. It gets no requests while "
                 "another one is healthy.",
                 {{"upstream", name},
                  {"upstream_address", check.address.ToString()},
                  {"error", check.fault}});
  } else if (!first) {
    logger_.Info("upstream_healthy", "An address of an upstream passes its health check again.",
                 {{"upstream", name}, {"upstream_address", check.address.ToString()}});
  }
  Report(upstreams_.at(name));
}

void HealthChecks::Report(const Checked& checked) {
  std::vector<io::SocketAddress> unhealthy;
  size_t healthy = 0;
  for (const Check& check : checked.checks) {
    if (check.state.health() == Health::kUnhealthy) unhealthy.push_back(check.address);
    if (check.state.health() == Health::kHealthy) ++healthy;
  }
  metrics_.SetUpstreamHealthy(checked.target->config.name, healthy);
  publish_(checked.target->config.name, unhealthy);
}

std::vector<std::string> HealthChecks::NotReady() const {
  std::vector<std::string> sentences;
  for (const auto& [name, checked] : upstreams_) {
    if (!checked.target->config.health.readiness) continue;
    const bool healthy =
        std::any_of(checked.checks.begin(), checked.checks.end(),
                    [](const Check& check) { return check.state.health() == Health::kHealthy; });
    if (healthy) continue;
    const std::string fault = checked.checks.empty() ? "" : checked.checks.front().fault;
    sentences.push_back(absl::StrCat("upstream '", name, "' has no healthy address: ",
                                     fault.empty() ? "not checked yet" : fault));
  }
  return sentences;
}

std::vector<std::string> HealthChecks::Notes() const {
  std::vector<std::string> sentences;
  for (const auto& [name, checked] : upstreams_) {
    for (const Check& check : checked.checks) {
      if (check.state.health() != Health::kUnhealthy) continue;
      sentences.push_back(absl::StrCat("upstream '", name, "': ", check.address.ToString(),
                                       " fails its health check: ", check.fault));
    }
  }
  return sentences;
}

}  // namespace mantlet::server
