// Checks the settings of one listener.

#ifndef MANTLET_CONFIG_CHECKS_LISTENER_VALIDATION_H_
#define MANTLET_CONFIG_CHECKS_LISTENER_VALIDATION_H_

#include <string>

#include "config/checks/findings.h"
#include "config/config.h"

namespace mantlet::config {

// ValidateListener adds errors and warnings to `findings`. `path` is "listeners[N]".
void ValidateListener(const Listener& listener, const std::string& path, Findings& findings);

}  // namespace mantlet::config

#endif  // MANTLET_CONFIG_CHECKS_LISTENER_VALIDATION_H_
