#include "proxy/cli/version_command.h"

#include <iomanip>
#include <sstream>

#include "proxy/server/build_info.h"

namespace mantlet::cli {

std::string VersionText() {
  const server::BuildInfo build = server::ThisBuild();
  std::ostringstream text;
  text << "mantlet " << build.version << " (commit " << build.commit << ")";
  for (const auto& [library, version] : build.libraries) {
    text << "\n  " << std::left << std::setw(16) << library << version;
  }
  return text.str();
}

int VersionCommand(const Console& console) {
  console.out << VersionText() << "\n";
  return kFine;
}

}  // namespace mantlet::cli
