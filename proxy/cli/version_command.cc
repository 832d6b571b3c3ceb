#include "proxy/cli/version_command.h"

#include <iomanip>

#include "proxy/server/build_info.h"

namespace mantlet::cli {

int VersionCommand(const Console& console) {
  const server::BuildInfo build = server::ThisBuild();
  console.out << "mantlet " << build.version << " (commit " << build.commit << ")\n";
  for (const auto& [library, version] : build.libraries) {
    console.out << "  " << std::left << std::setw(16) << library << version << "\n";
  }
  return kFine;
}

}  // namespace mantlet::cli
