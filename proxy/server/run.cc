#include "proxy/server/run.h"

#include <iostream>

#include "config/loader.h"

namespace mantlet::server {

int RunServer(const RunOptions& options) {
  const config::LoadResult loaded =
      config::LoadFile(options.config_path, config::Environment::OfThisProcess());
  if (!loaded.config) {
    std::cerr << "mantlet: " << std::string(loaded.status().message()) << "\n";
    return 1;
  }
  std::cerr << "mantlet: " << options.config_path << " is good, but this build cannot serve yet\n";
  return 1;
}

}  // namespace mantlet::server
