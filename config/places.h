// Where each value of a configuration stands, for checks that look at several of them.

#ifndef MANTLET_CONFIG_PLACES_H_
#define MANTLET_CONFIG_PLACES_H_

#include <cstddef>
#include <map>
#include <set>
#include <string>

#include "config/config.h"

namespace mantlet::config {

// The path of a list's item: "listeners[0]".
std::string Item(const std::string& list, size_t index);

// Paths are written as "listeners[0].tls.min_version".
class Places {
 public:
  void Set(const std::string& path, const Location& where) { places_[path] = where; }
  // The place of `path`; where it does not stand in the file, that of the nearest mapping or list
  // around it.
  Location Of(const std::string& path) const;
  bool Has(const std::string& path) const { return places_.contains(path); }

  // A value that was refused: nothing more shall be said about it.
  void SetRefused(const std::string& path) { refused_.insert(path); }
  // Whether `path` or anything below it was refused.
  bool Refused(const std::string& path) const;

 private:
  std::map<std::string, Location> places_;
  std::set<std::string> refused_;
};

}  // namespace mantlet::config

#endif  // MANTLET_CONFIG_PLACES_H_
