#include "proxy/server/retired_snapshots.h"

#include <utility>

namespace mantlet::server {

void RetiredSnapshots::Add(SnapshotPtr snapshot) {
  if (snapshot == nullptr) return;
  for (const ListenerSnapshot& listener : snapshot->listeners) parts_.insert(listener.tls);
  for (const certs::ListenerMaterial& material : snapshot->generation->listeners) {
    parts_.insert(material.trust);
    for (const certs::SpiffeDomain& domain : material.spiffe) parts_.insert(domain.trust);
    for (const auto& loaded : material.revocation_lists) parts_.insert(loaded.list);
    for (const auto& loaded : material.lost_lists) parts_.insert(loaded.list);
  }
  parts_.insert(snapshot->generation);
  parts_.insert(std::move(snapshot));
  parts_.erase(nullptr);
}

// There are no weak pointers to parts, so one that is used only here stays unused.
std::vector<RetiredSnapshots::Part> RetiredSnapshots::TakeUnused() {
  std::vector<Part> unused;
  for (auto part = parts_.begin(); part != parts_.end();) {
    if (part->use_count() > 1) {
      ++part;
      continue;
    }
    unused.push_back(std::move(parts_.extract(part++).value()));
  }
  return unused;
}

}  // namespace mantlet::server
