// What a reload changes in the settings, for the log.

#ifndef MANTLET_CONFIG_DIFFERENCE_H_
#define MANTLET_CONFIG_DIFFERENCE_H_

#include <string>
#include <vector>

#include "config/config.h"

namespace mantlet::config {

// A sentence for each listener and upstream that is new, gone or has other settings, and
// one for everything else; empty if nothing differs.
std::vector<std::string> SettingsThatChanged(const Config& before, const Config& after);

}  // namespace mantlet::config

#endif  // MANTLET_CONFIG_DIFFERENCE_H_
