// Warns about rules of a policy that never decide a request, and about rules that match fewer or
// more requests than their author probably meant. These are warnings only: the policy loads.

#ifndef MANTLET_CONFIG_CHECKS_POLICY_LINT_H_
#define MANTLET_CONFIG_CHECKS_POLICY_LINT_H_

#include <string>

#include "config/checks/findings.h"
#include "config/config.h"

namespace mantlet::config {

// LintPolicy adds the warnings to `findings`. `rules` is the path of the list, such as
// "listeners[0].policy.rules".
void LintPolicy(const Listener& listener, const std::string& rules, Findings& findings);

}  // namespace mantlet::config

#endif  // MANTLET_CONFIG_CHECKS_POLICY_LINT_H_
