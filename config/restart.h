// What a reload of the configuration cannot change.

#ifndef MANTLET_CONFIG_RESTART_H_
#define MANTLET_CONFIG_RESTART_H_

#include <string>
#include <vector>

#include "config/config.h"

namespace mantlet::config {

// The keys that differ between the two and take effect only when the process starts anew. For a
// warning after a reload; everything else of `next` is in force then.
std::vector<std::string> KeysThatNeedRestart(const Config& running, const Config& next);

}  // namespace mantlet::config

#endif  // MANTLET_CONFIG_RESTART_H_
