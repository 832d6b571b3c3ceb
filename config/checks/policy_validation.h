// Checks of a listener's policy that involve more than one key.

#ifndef MANTLET_CONFIG_CHECKS_POLICY_VALIDATION_H_
#define MANTLET_CONFIG_CHECKS_POLICY_VALIDATION_H_

#include <string>

#include "config/checks/findings.h"
#include "config/config.h"

namespace mantlet::config {

// ValidatePolicy adds errors for policies that cannot be loaded, and the warnings of LintPolicy.
// `path` is that of the listener, such as "listeners[0]".
void ValidatePolicy(const Listener& listener, const std::string& path, Findings& findings);

}  // namespace mantlet::config

#endif  // MANTLET_CONFIG_CHECKS_POLICY_VALIDATION_H_
