// Compares two configurations for the log of a reload.

#ifndef MANTLET_CONFIG_DIFFERENCE_H_
#define MANTLET_CONFIG_DIFFERENCE_H_

#include <string>
#include <vector>

#include "config/config.h"

namespace mantlet::config {

// SettingsThatChanged returns a sentence for each listener and upstream that is added, removed or
// changed, and one for all other settings. The list is empty if the two are equal.
std::vector<std::string> SettingsThatChanged(const Config& before, const Config& after);

// KeysThatNeedRestart returns the keys that differ and take effect only when the process is started
// again. A reload applies everything else of `next`.
std::vector<std::string> KeysThatNeedRestart(const Config& running, const Config& next);

}  // namespace mantlet::config

#endif  // MANTLET_CONFIG_DIFFERENCE_H_
