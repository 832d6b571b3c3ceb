#ifndef MANTLET_CONFIG_VERSION_H_
#define MANTLET_CONFIG_VERSION_H_

#include <string>

namespace mantlet::config {

// Returns the version of yaml-cpp that this was built with, such as "0.7.0".
std::string YamlCppVersion();

}  // namespace mantlet::config

#endif  // MANTLET_CONFIG_VERSION_H_
