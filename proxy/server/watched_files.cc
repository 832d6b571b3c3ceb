#include "proxy/server/watched_files.h"

#include <utility>

namespace mantlet::server {

WatchedFiles::WatchedFiles(certs::FileReader& reader, std::vector<std::string> configured,
                           certs::Fingerprints states)
    : reader_(reader),
      configured_(std::move(configured)),
      files_(configured_),
      states_(std::move(states)) {}

void WatchedFiles::Store(const LoadOutcome& outcome, const certs::Fingerprints* polled) {
  if (outcome.files.has_value()) configured_ = *outcome.files;
  certs::Fingerprints read = outcome.fingerprints;
  std::vector<std::string> all = configured_;
  const std::set<std::string> configured(all.begin(), all.end());
  for (const auto& [path, state] : read) {
    if (!configured.contains(path)) all.push_back(path);
  }
  std::vector<std::string> unknown;
  for (const std::string& path : all) {
    if (read.contains(path)) continue;
    if (polled != nullptr && polled->contains(path)) {
      read[path] = polled->at(path);
    } else if (auto known = states_.find(path); known != states_.end()) {
      read[path] = known->second;
    } else {
      unknown.push_back(path);
    }
  }
  read.merge(certs::FileSet(std::move(unknown)).Poll(reader_));
  states_ = std::move(read);
  files_ = certs::FileSet(std::move(all));
}

}  // namespace mantlet::server
