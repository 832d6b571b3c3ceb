// Warnings about a policy: rules that never decide anything, and rules that mean less than they
// seem to. None of them is wrong, so nothing is refused.

#ifndef MANTLET_CONFIG_CHECKS_POLICY_LINT_H_
#define MANTLET_CONFIG_CHECKS_POLICY_LINT_H_

#include <string>

#include "config/checks/findings.h"
#include "config/config.h"

namespace mantlet::config {

// `rules` is the path of the list, such as "listeners[0].policy.rules".
void LintPolicy(const Listener& listener, const std::string& rules, Findings& findings);

}  // namespace mantlet::config

#endif  // MANTLET_CONFIG_CHECKS_POLICY_LINT_H_
