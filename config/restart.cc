#include "config/restart.h"

namespace mantlet::config {

std::vector<std::string> KeysThatNeedRestart(const Config& running, const Config& next) {
  std::vector<std::string> keys;
  const auto compare = [&](const char* key, bool same) {
    if (!same) keys.emplace_back(key);
  };
  compare("workers", running.workers == next.workers);
  compare("metrics.address", running.metrics == next.metrics);
  compare("admin.address", running.admin == next.admin);
  compare("log.format", running.log.format == next.log.format);
  compare("log.access", running.log.access == next.log.access);
  return keys;
}

}  // namespace mantlet::config
