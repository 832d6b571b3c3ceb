#include "config/version.h"

#include "system_versions.h"

namespace mantlet::config {

// The library's headers contain no version; its package does.
std::string YamlCppVersion() { return SYSTEM_VERSION_YAML_CPP; }

}  // namespace mantlet::config
