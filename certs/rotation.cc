#include "certs/rotation.h"

#include <algorithm>
#include <memory>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "config/diagnostic.h"

namespace mantlet::certs {
namespace {

// Returns what is wrong with the files of the listener at `index`, or an empty string.
std::string Fault(const config::Listener& listener, const BuildResult& built, size_t index,
                  const std::set<std::string>& unstable) {
  for (const std::string& path : MaterialFiles(listener)) {
    if (unstable.contains(path)) {
      return absl::StrCat(path, " keeps changing while it is read; it is read again");
    }
  }
  return config::JoinErrors(built.by_listener[index]);
}

bool SameTrust(const ListenerMaterial& a, const ListenerMaterial& b) {
  auto id = [](const x509::TrustStorePtr& trust) { return trust == nullptr ? "" : trust->id(); };
  return id(a.trust) == id(b.trust) &&
         std::equal(a.spiffe.begin(), a.spiffe.end(), b.spiffe.begin(), b.spiffe.end(),
                    [&](const SpiffeDomain& x, const SpiffeDomain& y) {
                      return x.name == y.name && id(x.trust) == id(y.trust);
                    });
}

// Returns whether a CA has lost its revocation list. With `policy: if_present` its clients would no
// longer be checked.
bool LosesAList(const ListenerMaterial& read, const ListenerMaterial& old) {
  return std::any_of(
      read.lost_lists.begin(), read.lost_lists.end(), [&](const LoadedRevocationList& lost) {
        return std::none_of(
            old.lost_lists.begin(), old.lost_lists.end(),
            [&](const LoadedRevocationList& known) { return known.list->id() == lost.list->id(); });
      });
}

// Returns why the listener must not load valid files yet, or an empty string.
std::string MustWait(const config::Listener& listener, const ListenerMaterial& read,
                     const ListenerMaterial& old, const config::Config* on_disk) {
  if (read.id == old.id) return "";
  if (on_disk == nullptr) {
    const char* what = !SameTrust(read, old)   ? "its trust anchors have changed"
                       : LosesAList(read, old) ? "a CA no longer has a revocation list"
                                               : nullptr;
    if (what == nullptr) return "";
    return absl::StrCat(what,
                        ", and the configuration on disk cannot be read: its files are loaded "
                        "when it is valid again");
  }
  const config::Listener* there = FindListener(*on_disk, listener.name);
  if (there != nullptr && *there == listener) return "";
  return "its files and its settings have changed, and the new configuration is rejected: both are "
         "loaded together once it is accepted";
}

// Builds the generation from the new material and, for held listeners, from the material in use.
void Compose(const BuildResult& built, const Generation& in_use, Rotation* rotation) {
  auto generation = std::make_shared<Generation>(built.partial);
  for (const HeldListener& held : rotation->held) {
    for (ListenerMaterial& material : generation->listeners) {
      if (material.listener == held.name) material = *in_use.Find(held.name);
    }
  }
  Seal(generation.get());
  rotation->generation = std::move(generation);
}

}  // namespace

const config::Listener* FindListener(const config::Config& config, const std::string& name) {
  for (const config::Listener& listener : config.listeners) {
    if (listener.name == name) return &listener;
  }
  return nullptr;
}

bool Rotation::Holds(const std::string& listener) const {
  return std::any_of(held.begin(), held.end(),
                     [&](const HeldListener& one) { return one.name == listener; });
}

Rotation Rotate(const config::Config& wanted, const BuildResult& built,
                const std::set<std::string>& unstable, const config::Config& running,
                const Generation& in_use) {
  Rotation rotation;
  for (size_t i = 0; i < wanted.listeners.size(); ++i) {
    const config::Listener& listener = wanted.listeners[i];
    const std::string fault = Fault(listener, built, i, unstable);
    if (fault.empty()) continue;
    const config::Listener* now = FindListener(running, listener.name);
    if (now != nullptr && *now == listener && in_use.Find(listener.name) != nullptr) {
      rotation.held.push_back({listener.name, fault});
    } else {
      absl::StrAppend(&rotation.refused, rotation.refused.empty() ? "" : " | ", fault);
    }
  }
  if (rotation.refused.empty()) Compose(built, in_use, &rotation);
  return rotation;
}

Rotation RotateUnder(const config::Config& running, const BuildResult& built,
                     const std::set<std::string>& unstable, const config::Config* on_disk,
                     const Generation& in_use) {
  Rotation rotation;
  for (size_t i = 0; i < running.listeners.size(); ++i) {
    const config::Listener& listener = running.listeners[i];
    std::string reason = Fault(listener, built, i, unstable);
    if (reason.empty()) {
      reason = MustWait(listener, built.partial.listeners[i], *in_use.Find(listener.name), on_disk);
    }
    if (!reason.empty()) rotation.held.push_back({listener.name, std::move(reason)});
  }
  Compose(built, in_use, &rotation);
  return rotation;
}

void Hold(const std::string& listener, const std::string& reason, const Generation& in_use,
          Rotation* rotation) {
  auto generation = std::make_shared<Generation>(*rotation->generation);
  for (ListenerMaterial& material : generation->listeners) {
    if (material.listener == listener) material = *in_use.Find(listener);
  }
  Seal(generation.get());
  rotation->generation = std::move(generation);
  rotation->held.push_back({listener, reason});
}

}  // namespace mantlet::certs
