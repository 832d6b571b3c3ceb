#include "config/checks/validation.h"

#include <algorithm>
#include <set>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "config/address_overlap.h"
#include "config/checks/duplicates.h"
#include "config/checks/findings.h"
#include "config/checks/listener_validation.h"
#include "config/suggest.h"

namespace mantlet::config {
namespace {

// Checks all addresses to bind, those of listeners and those of endpoints.
void RejectOverlappingAddresses(const Config& config, Findings& findings) {
  const std::vector<BoundAddress> bound = BoundAddresses(config);
  for (size_t i = 0; i < bound.size(); ++i) {
    for (size_t j = 0; j < i; ++j) {
      const Address& address = bound[i].address;
      const Overlap overlap = Compare(address, bound[j].address);
      if (overlap == Overlap::kNone) continue;
      const bool same = overlap == Overlap::kSame;
      findings.Error(
          bound[i].path,
          absl::StrCat(
              "address: ", ToString(address),
              same ? " is used twice"
                   : absl::StrCat(
                         " and ", ToString(bound[j].address),
                         " cannot be bound together, because one of them includes all addresses")),
          absl::StrCat("change this one or the one in line ", findings.LineOf(bound[j].path)));
      break;
    }
  }
}

void CheckSocketFile(const Config& config, Findings& findings) {
  const auto check = [&](const Address& address, const std::string& section) {
    if (address.kind == Address::Kind::kUnix || findings.Rejected(section + ".address")) return;
    for (const char* key : {"socket_mode", "socket_group"}) {
      const std::string path = absl::StrCat(section, ".", key);
      if (!findings.locations().Has(path)) continue;
      findings.Warning(path,
                       absl::StrCat(key, " has no effect: ", ToString(address),
                                    " is not the path of a Unix socket"),
                       "remove it; if systemd opens the socket, SocketMode= and SocketGroup= of "
                       "the .socket unit set its permissions");
    }
  };
  for (size_t i = 0; i < config.listeners.size(); ++i) {
    check(config.listeners[i].address, Item("listeners", i));
  }
  if (config.metrics.enabled) check(config.metrics.address, "metrics");
  if (config.admin.enabled) check(config.admin.address, "admin");
  if (config.admin.enabled && (config.admin.socket_mode & 0007) != 0 &&
      !findings.Rejected("admin.socket_mode")) {
    findings.Error("admin.socket_mode",
                   "socket_mode: every user of this machine could reload and drain mantlet",
                   "write 0600, or 0660 and a socket_group");
  }
}

// Returns whether `target` may stand in a request line: printable ASCII without a fragment.
bool IsOriginForm(const std::string& target) {
  return target.starts_with("/") && std::all_of(target.begin(), target.end(), [](char c) {
           return c > ' ' && c < 0x7f && c != '#';
         });
}

void CheckReferences(const Config& config, Findings& findings) {
  std::vector<std::string> names;
  for (const Upstream& upstream : config.upstreams) {
    if (!upstream.name.empty()) names.push_back(upstream.name);
  }
  std::set<std::string> used;
  bool unknown = findings.Rejected("listeners");
  for (size_t i = 0; i < config.listeners.size(); ++i) {
    const std::string& name = config.listeners[i].upstream;
    used.insert(name);
    const bool known = std::find(names.begin(), names.end(), name) != names.end();
    // If some upstreams could not be read, the name may belong to one of them.
    if (known) continue;
    unknown = true;
    if (name.empty() || names.empty() || findings.Rejected("upstreams")) continue;
    findings.Error(Item("listeners", i) + ".upstream",
                   absl::StrCat("upstream: there is no upstream '", name, "'"),
                   DidYouMeanOrOneOf(name, names));
  }
  if (unknown) return;  // an unresolved reference may mean any of them
  for (size_t i = 0; i < config.upstreams.size(); ++i) {
    const std::string& name = config.upstreams[i].name;
    if (name.empty() || used.contains(name)) continue;
    findings.Warning(Item("upstreams", i) + ".name",
                     absl::StrCat("no listener uses the upstream '", name, "'"),
                     "remove it, or use it in a listener");
  }
}

void CheckForward(const Config& config, Findings& findings) {
  std::set<std::string> paths = {"/metrics", "/healthz", "/readyz"};
  for (size_t i = 0; i < config.metrics.forward.size(); ++i) {
    const ProbeForward& forward = config.metrics.forward[i];
    const std::string item = Item("metrics.forward", i);
    if (findings.Rejected(item) || findings.Rejected("upstreams") ||
        findings.Rejected("listeners")) {
      continue;
    }
    if (!IsOriginForm(forward.path) || forward.path.find('?') != std::string::npos) {
      findings.Error(item + ".path", "path: not the path of a request",
                     "write it as in /health: with a leading slash, without spaces, ? and #");
    } else if (!paths.insert(forward.path).second) {
      findings.Error(item + ".path", absl::StrCat("path: ", forward.path, " is answered already"),
                     "choose another path; /metrics, /healthz and /readyz are mantlet's own");
    }
    const bool used = std::any_of(
        config.listeners.begin(), config.listeners.end(),
        [&](const Listener& listener) { return listener.upstream == forward.upstream; });
    if (used) continue;
    findings.Error(item + ".upstream",
                   absl::StrCat("upstream: no listener uses an upstream '", forward.upstream, "'"),
                   "write the name of an upstream that a listener uses");
  }
}

void CheckHealth(const Health& health, const std::string& path, Findings& findings) {
  for (const char* key : {"", ".type", ".path", ".interval", ".timeout"}) {
    if (findings.Rejected(path + key)) return;
  }
  const bool on = health.interval.count() != 0;
  if (health.type != HealthType::kHttp) {
    if (!health.path.empty()) {
      findings.Error(path + ".path", "path: only an HTTP check has a path",
                     "remove it, or write type: http");
    }
  } else if (on && health.path.empty()) {
    findings.Error(path, "health: an HTTP check needs a path",
                   "add path: /health, or write type: tcp");
  } else if (!health.path.empty() && !IsOriginForm(health.path)) {
    findings.Error(path + ".path", "path: not the target of a request",
                   "write it as in /health?full=1: with a leading slash, without spaces and #");
  }
  if (!on && (!health.path.empty() || health.readiness || health.type != HealthType::kHttp)) {
    findings.Error(path, "health: without an interval nothing is checked", "add interval: 5s");
  } else if (on && health.timeout > health.interval) {
    findings.Error(path + ".timeout", "timeout: longer than interval",
                   "checks of an address must not overlap; lower it");
  }
}

void CheckUpstream(const Upstream& upstream, const std::string& path, Findings& findings) {
  CheckHealth(upstream.health, path + ".health", findings);
  if (findings.Rejected(path + ".address") ||
      findings.Rejected(path + ".allow_plaintext_network")) {
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
                                " is not loopback, and the traffic to it is not encrypted"),
                   "use a loopback address or unix:, or add 'allow_plaintext_network: true'");
  }
  if (upstream.pool.idle_connections > upstream.pool.connections &&
      findings.locations().Has(path + ".pool.idle_connections")) {
    findings.Warning(path + ".pool.idle_connections",
                     absl::StrCat("pool: idle_connections ", upstream.pool.idle_connections,
                                  " is above connections ", upstream.pool.connections),
                     "at most as many connections can be idle as may be open");
  }
}

}  // namespace

void Validate(const Config& config, const SourceLocations& locations,
              std::vector<Diagnostic>& diagnostics) {
  Findings findings(locations, diagnostics);
  RejectDuplicateNames(config.listeners, "listeners", "listeners", findings);
  RejectDuplicateNames(config.upstreams, "upstreams", "upstreams", findings);
  RejectOverlappingAddresses(config, findings);
  CheckSocketFile(config, findings);
  CheckReferences(config, findings);
  CheckForward(config, findings);
  for (size_t i = 0; i < config.listeners.size(); ++i) {
    ValidateListener(config.listeners[i], Item("listeners", i), findings);
  }
  for (size_t i = 0; i < config.upstreams.size(); ++i) {
    CheckUpstream(config.upstreams[i], Item("upstreams", i), findings);
  }
  if (config.admin.enabled && !findings.Rejected("admin.address") &&
      !IsLocal(config.admin.address)) {
    findings.Error(
        "admin.address",
        absl::StrCat("address: ", ToString(config.admin.address),
                     " is not loopback, and every client there could reload and drain mantlet"),
        absl::StrCat("write 127.0.0.1:", config.admin.address.port, " or unix:/PATH"));
  }
}

}  // namespace mantlet::config
