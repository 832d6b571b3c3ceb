#include "proxy/server/address_check.h"

#include <filesystem>
#include <string>
#include <system_error>
#include <utility>

#include "absl/strings/str_cat.h"
#include "config/address_overlap.h"
#include "proxy/io/listening_socket.h"
#include "proxy/io/socket_address.h"

namespace mantlet::server {
namespace {

struct Bound {
  std::string who;  // "listener 'public'", "metrics"
  config::Location where;
  config::Address written;
  config::Address meant;  // with names resolved and links followed
  std::string group;
};

void Add(std::vector<config::Diagnostic>& found, const Bound& bound, const std::string& what,
         std::string hint) {
  found.push_back({bound.where, config::Severity::kError, absl::StrCat(bound.who, ": ", what),
                   std::move(hint)});
}

// Sets `meant` to what the listener will bind: the first address of a name, the real folder of a
// path.
void Resolve(Bound& bound, std::vector<config::Diagnostic>& found) {
  config::Address& meant = bound.meant = bound.written;
  if (meant.kind == config::Address::Kind::kTcp) {
    if (config::IsLiteral(meant)) return;
    const auto addresses = io::SocketAddress::Resolve(meant.host, meant.port);
    if (!addresses.ok()) {
      Add(found, bound, std::string(addresses.status().message()),
          "write an address of this machine, or 0.0.0.0 or [::] for all of them");
      return;
    }
    meant.host = addresses->front().HostText();
  } else if (meant.kind == config::Address::Kind::kUnix) {
    std::error_code error;
    const std::filesystem::path path(meant.path);
    const std::filesystem::path folder = std::filesystem::canonical(path.parent_path(), error);
    if (!error) meant.path = (folder / path.filename()).string();
  }
}

std::vector<Bound> AllBound(const config::Config& config) {
  std::vector<Bound> all;
  for (const config::Listener& listener : config.listeners) {
    all.push_back({absl::StrCat("listener '", listener.name, "'"),
                   listener.where,
                   listener.address,
                   {},
                   listener.socket_group});
  }
  if (config.metrics.enabled) {
    all.push_back(
        {"metrics", config.metrics.where, config.metrics.address, {}, config.metrics.socket_group});
  }
  if (config.admin.enabled) {
    all.push_back(
        {"admin", config.admin.where, config.admin.address, {}, config.admin.socket_group});
  }
  if (!config.upgrade.socket.empty()) {
    all.push_back({"upgrade", config.upgrade.where, config::UpgradeAddress(config), {}, ""});
  }
  return all;
}

}  // namespace

std::vector<config::Diagnostic> CheckAddresses(const config::Config& config) {
  std::vector<config::Diagnostic> found;
  std::vector<Bound> all = AllBound(config);
  for (size_t i = 0; i < all.size(); ++i) {
    Resolve(all[i], found);
    for (size_t j = 0; j < i; ++j) {
      if (config::Compare(all[i].meant, all[j].meant) == config::Overlap::kNone) continue;
      Add(found, all[i],
          absl::StrCat("address: ", config::ToString(all[i].written), " and ",
                       config::ToString(all[j].written), " of ", all[j].who,
                       " cannot be bound together"),
          "change one of the addresses");
    }
    if (all[i].written.kind != config::Address::Kind::kUnix || all[i].group.empty()) continue;
    if (const auto group = io::GroupNumber(all[i].group); !group.ok()) {
      Add(found, all[i], absl::StrCat("socket_group: ", std::string(group.status().message())),
          "create the group, or use another one");
    }
  }
  return found;
}

}  // namespace mantlet::server
