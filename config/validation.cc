#include "config/validation.h"

#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "config/findings.h"
#include "config/listener_validation.h"
#include "config/suggest.h"
#include "config/twin_names.h"

namespace mantlet::config {
namespace {

// Every address that is bound, listeners' and endpoints' alike.
void RefuseTwinAddresses(const Config& config, Findings& findings) {
  std::map<std::string, std::string> seen;  // address to path
  const auto bind = [&](const Address& address, const std::string& path) {
    const bool unset = address.host.empty() && address.path.empty();
    const bool any_port = address.kind == Address::Kind::kTcp && address.port == 0;
    if (unset || any_port) return;
    const auto [twin, added] = seen.emplace(ToString(address), path);
    if (added) return;
    findings.Error(
        path, absl::StrCat("address: ", ToString(address), " is listened on twice"),
        absl::StrCat("change this one or the one in line ", findings.LineOf(twin->second)));
  };
  for (size_t i = 0; i < config.listeners.size(); ++i) {
    bind(config.listeners[i].address, Item("listeners", i) + ".address");
  }
  if (config.metrics.enabled) bind(config.metrics.address, "metrics.address");
  if (config.admin.enabled) bind(config.admin.address, "admin.address");
}

void CheckReferences(const Config& config, Findings& findings) {
  std::vector<std::string> names;
  for (const Upstream& upstream : config.upstreams) {
    if (!upstream.name.empty()) names.push_back(upstream.name);
  }
  std::set<std::string> used;
  bool unknown = findings.Refused("listeners");
  for (size_t i = 0; i < config.listeners.size(); ++i) {
    const std::string& name = config.listeners[i].upstream;
    used.insert(name);
    const bool known = std::find(names.begin(), names.end(), name) != names.end();
    // Where upstreams could not be read, the one meant may be among them.
    if (known) continue;
    unknown = true;
    if (name.empty() || names.empty() || findings.Refused("upstreams")) continue;
    findings.Error(Item("listeners", i) + ".upstream",
                   absl::StrCat("upstream: there is no upstream '", name, "'"),
                   DidYouMeanOrOneOf(name, names));
  }
  if (unknown) return;  // a reference that went wrong may be to any of them
  for (size_t i = 0; i < config.upstreams.size(); ++i) {
    const std::string& name = config.upstreams[i].name;
    if (name.empty() || used.contains(name)) continue;
    findings.Warning(Item("upstreams", i) + ".name",
                     absl::StrCat("no listener uses the upstream '", name, "'"),
                     "remove it, or name it in a listener");
  }
}

void CheckUpstream(const Upstream& upstream, const std::string& path, Findings& findings) {
  if (findings.Refused(path + ".address") || findings.Refused(path + ".allow_plaintext_network")) {
    return;
  }
  if (IsLocal(upstream.address)) {
    if (upstream.allow_plaintext_network) {
      findings.Warning(path + ".allow_plaintext_network",
                       "allow_plaintext_network has no effect: the address is local", "remove it");
    }
  } else if (!upstream.allow_plaintext_network) {
    findings.Error(path + ".address",
                   absl::StrCat("address: ", ToString(upstream.address),
                                " is not loopback, and what goes there is not encrypted"),
                   "use a loopback address or unix:, or add 'allow_plaintext_network: true'");
  }
  if (upstream.pool.idle_connections > upstream.pool.connections &&
      findings.places().Has(path + ".pool.idle_connections")) {
    findings.Warning(path + ".pool.idle_connections",
                     absl::StrCat("pool: idle_connections ", upstream.pool.idle_connections,
                                  " is above connections ", upstream.pool.connections),
                     "at most as many as may be open can be idle");
  }
}

}  // namespace

void Validate(const Config& config, const Places& places, std::vector<Diagnostic>& diagnostics) {
  Findings findings(places, diagnostics);
  RefuseTwinNames(config.listeners, "listeners", "listeners", findings);
  RefuseTwinNames(config.upstreams, "upstreams", "upstreams", findings);
  RefuseTwinAddresses(config, findings);
  CheckReferences(config, findings);
  for (size_t i = 0; i < config.listeners.size(); ++i) {
    ValidateListener(config.listeners[i], Item("listeners", i), findings);
  }
  for (size_t i = 0; i < config.upstreams.size(); ++i) {
    CheckUpstream(config.upstreams[i], Item("upstreams", i), findings);
  }
  if (config.admin.enabled && !findings.Refused("admin.address") &&
      !IsLocal(config.admin.address)) {
    findings.Error("admin.address",
                   absl::StrCat("address: ", ToString(config.admin.address),
                                " is not loopback, and whoever reaches it may reload and drain"),
                   absl::StrCat("write 127.0.0.1:", config.admin.address.port, " or unix:/PATH"));
  }
}

}  // namespace mantlet::config
