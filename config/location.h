// Location is the position of a value in the YAML file.

#ifndef MANTLET_CONFIG_LOCATION_H_
#define MANTLET_CONFIG_LOCATION_H_

#include <string>

namespace mantlet::config {

// Line and column count from 1; 0 means that the value is a default.
struct Location {
  std::string file;
  int line = 0;
  int column = 0;
  // Two configurations that differ only in layout are equal.
  bool operator==(const Location&) const { return true; }
};

}  // namespace mantlet::config

#endif  // MANTLET_CONFIG_LOCATION_H_
