#include "config/checks/policy_validation.h"

#include <cstddef>
#include <vector>

#include "absl/strings/str_cat.h"
#include "config/checks/duplicates.h"
#include "config/checks/policy_lint.h"

namespace mantlet::config {
namespace {

void CheckNames(const std::vector<Rule>& rules, const std::string& path, Findings& findings) {
  for (size_t i = 0; i < rules.size(); ++i) {
    if (rules[i].name != kDefaultRuleName) continue;
    findings.Error(Item(path, i) + ".name",
                   "name: 'default' is reserved for the decision without a matching rule",
                   "give the rule another name");
  }
  RejectDuplicateNames(rules, path, "rules", findings);
}

// Adds an error for the first mapping at `match` or below that is nested too deeply, and returns
// false if there is one.
bool CheckNesting(const Match& match, const std::string& path, int depth, Findings& findings) {
  if (depth > kMaxMatchNesting) {
    findings.Error(
        path, absl::StrCat("any, all and not are nested more than ", kMaxMatchNesting, " deep"),
        "write several rules instead");
    return false;
  }
  for (size_t i = 0; i < match.any.size(); ++i) {
    if (!CheckNesting(match.any[i], Item(path + ".any", i), depth + 1, findings)) return false;
  }
  for (size_t i = 0; i < match.all.size(); ++i) {
    if (!CheckNesting(match.all[i], Item(path + ".all", i), depth + 1, findings)) return false;
  }
  return match.not_.empty() || CheckNesting(match.not_[0], path + ".not", depth + 1, findings);
}

}  // namespace

void ValidatePolicy(const Listener& listener, const std::string& path, Findings& findings) {
  const Policy& policy = listener.policy;
  const std::string rules = path + ".policy.rules";
  CheckNames(policy.rules, rules, findings);
  bool good = !findings.Rejected(path);
  for (size_t i = 0; i < policy.rules.size(); ++i) {
    good &= CheckNesting(policy.rules[i].match, Item(rules, i) + ".match", 0, findings);
  }
  // If some rules could not be read, warnings about the others would be wrong.
  if (good) LintPolicy(listener, rules, findings);
  if (!policy.default_allow && policy.rules.empty() && good) {
    findings.Warning(path + ".policy.default",
                     "policy.default: deny without rules answers every request with 403",
                     "write allow, unless that is intended");
  }
}

}  // namespace mantlet::config
