// SourceLocations maps the path of each value of a configuration to its line and column, for checks
// that involve several values.

#ifndef MANTLET_CONFIG_SOURCE_LOCATIONS_H_
#define MANTLET_CONFIG_SOURCE_LOCATIONS_H_

#include <cstddef>
#include <map>
#include <set>
#include <string>

#include "config/config.h"

namespace mantlet::config {

// Item returns the path of a list's item: "listeners[0]".
std::string Item(const std::string& list, size_t index);

// Paths are written as "listeners[0].tls.min_version".
class SourceLocations {
 public:
  void Set(const std::string& path, const Location& where) { locations_[path] = where; }
  // Locate returns the location of `path` or, if the file does not have it, that of the nearest
  // enclosing mapping or list.
  Location Locate(const std::string& path) const;
  bool Has(const std::string& path) const { return locations_.contains(path); }

  // SetRejected marks a value that has a diagnostic already; checks report nothing more about it.
  void SetRejected(const std::string& path) { rejected_.insert(path); }
  // Rejected returns whether `path` or a value below it is marked.
  bool Rejected(const std::string& path) const;

 private:
  std::map<std::string, Location> locations_;
  std::set<std::string> rejected_;
};

}  // namespace mantlet::config

#endif  // MANTLET_CONFIG_SOURCE_LOCATIONS_H_
