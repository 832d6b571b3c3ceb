#include "proxy/server/confinement.h"

#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "config/address_overlap.h"
#include "proxy/base/regular_file.h"
#include "proxy/sandbox/process_flags.h"
#include "proxy/sandbox/system_call_filter.h"
#include "proxy/sandbox/user.h"
#include "proxy/server/listening_sockets.h"
#include "proxy/server/sandbox_rules.h"

namespace mantlet::server {
namespace {

using sandbox::Mechanism;

constexpr gid_t kUnchanged = static_cast<gid_t>(-1);

struct SocketPath {
  config::Address address;
  std::string group;
};

std::vector<SocketPath> SocketPaths(const config::Config& config) {
  std::vector<SocketPath> all;
  for (const config::Listener& listener : config.listeners) {
    all.push_back({listener.address, listener.socket_group});
  }
  for (const config::Endpoint* endpoint : {&config.metrics, &config.admin}) {
    if (endpoint->enabled) all.push_back({endpoint->address, endpoint->socket_group});
  }
  if (!config.upgrade.socket.empty()) all.push_back({config::UpgradeAddress(config), ""});
  return all;
}

absl::Status GiveSockets(const config::Config& config, const sandbox::User& user) {
  for (const SocketPath& socket : SocketPaths(config)) {
    if (socket.address.kind != config::Address::Kind::kUnix) continue;
    const gid_t group = socket.group.empty() ? user.gid : kUnchanged;
    const std::string& path = socket.address.path;
    // In an upgrade, the socket may replace that of the running process.
    const std::string successor = SuccessorPath(path);
    if (lchown(successor.c_str(), user.uid, group) == 0 || errno == ENOENT) {
      if (lchown(path.c_str(), user.uid, group) == 0) continue;
    }
    return absl::UnavailableError(
        absl::StrCat("cannot give ", path, " to the user of `user:`: ", strerror(errno)));
  }
  return absl::OkStatus();
}

// Without this, the first reload would fail.
absl::Status CheckReadable(const config::Config& config) {
  for (const NamedFile& file : FilesToRead(config)) {
    const absl::Status opened = base::RegularFile::Open(file.path).status();
    if (!absl::IsPermissionDenied(opened)) continue;
    return absl::InvalidArgumentError(absl::StrCat(
        "user: '", config.user, "' may not read ", file.path,
        file.key.empty() ? "" : absl::StrCat(" (", file.key, ")"),
        ", so no reload could succeed; give that user, or a group of it, access to the file"));
  }
  return absl::OkStatus();
}

Mechanism OffByConfiguration() { return {Mechanism::State::kOff, "sandbox: in the configuration"}; }

Mechanism OffBySanitizer() {
  return {Mechanism::State::kOff, "this binary is built with a sanitizer"};
}

std::string Text(const Mechanism& mechanism) {
  return mechanism.detail.empty()
             ? sandbox::ToString(mechanism.state)
             : absl::StrCat(sandbox::ToString(mechanism.state), ": ", mechanism.detail);
}

}  // namespace

absl::Status Confinement::BecomeUser(const config::Config& config) {
  if (config.user.empty()) {
    if (geteuid() == 0) {
      logger_.Warn("running_as_root",
                   "mantlet runs as root, which it does not need. Start it as an ordinary user, or "
                   "set `user:`.");
    }
    return absl::OkStatus();
  }
  absl::StatusOr<sandbox::User> user = sandbox::FindUser(config.user);
  if (!user.ok()) {
    return absl::InvalidArgumentError(absl::StrCat("user: ", user.status().message()));
  }
  if (geteuid() == 0 && user->uid != 0) {
    if (absl::Status given = GiveSockets(config, *user); !given.ok()) return given;
  }
  if (absl::Status became = sandbox::BecomeUser(*user); !became.ok()) {
    return absl::PermissionDeniedError(absl::StrCat("user: ", became.message()));
  }
  return CheckReadable(config);
}

void Confinement::Enter(const config::Config& config, const config::Environment& environment) {
  report_.uid = geteuid();
  // A change of the user has reset it.
  report_.dumpable = !sandbox::DisableDumps();
  report_.no_new_privileges = sandbox::SetNoNewPrivileges();
  if (sandbox::IsSanitizerBuild()) {
    report_.landlock = report_.seccomp = OffBySanitizer();
  } else {
    EnterLandlock(config, environment);
    report_.seccomp = config.sandbox.seccomp ? sandbox::FilterSystemCalls() : OffByConfiguration();
  }
  LogReport();
}

void Confinement::EnterLandlock(const config::Config& config,
                                const config::Environment& environment) {
  if (!config.sandbox.landlock) {
    report_.landlock = OffByConfiguration();
    return;
  }
  sandbox::Ruleset rules = RulesFor(config);
  rules.abstract_sockets = environment.Get("NOTIFY_SOCKET").value_or("").starts_with('@');
  report_.landlock = sandbox::RestrictTo(&rules);
  if (report_.landlock.state == Mechanism::State::kOn) report_.rules = std::move(rules);
}

void Confinement::LogReport() {
  const std::string landlock = Text(report_.landlock);
  const std::string seccomp = Text(report_.seccomp);
  const bool missing = report_.landlock.state == Mechanism::State::kUnavailable ||
                       report_.seccomp.state == Mechanism::State::kUnavailable;
  const std::vector<base::LogField> fields = {{"landlock", landlock},
                                              {"seccomp", seccomp},
                                              {"uid", report_.uid},
                                              {"no_new_privileges", report_.no_new_privileges},
                                              {"dumpable", report_.dumpable}};
  logger_.Log(missing ? base::LogLevel::kWarn : base::LogLevel::kInfo, "sandbox",
              missing ? "This machine lacks a mechanism of the sandbox; mantlet runs without it."
                      : "The process has given up what it does not need.",
              fields);
}

absl::Status Confinement::Permits(const config::Config& next) const {
  return report_.rules.has_value() ? FitsInto(*report_.rules, next) : absl::OkStatus();
}

}  // namespace mantlet::server
