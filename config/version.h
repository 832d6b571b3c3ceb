#ifndef MANTLET_CONFIG_VERSION_H_
#define MANTLET_CONFIG_VERSION_H_

#include <string>

namespace mantlet::config {

// The yaml-cpp that this was built with, e.g. "0.7.0".
std::string YamlCppVersion();

}  // namespace mantlet::config

#endif  // MANTLET_CONFIG_VERSION_H_
