// "Did you mean …": the nearest of a few words.

#ifndef MANTLET_CONFIG_SUGGEST_H_
#define MANTLET_CONFIG_SUGGEST_H_

#include <cstddef>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"

namespace mantlet::config {

// How many single-character insertions, deletions, replacements and swaps of neighbours turn `a`
// into `b`; letter case counts for nothing.
size_t EditDistance(absl::string_view a, absl::string_view b);

// The choice that was meant by `word`, or nullptr if none is near enough.
const std::string* Nearest(absl::string_view word, const std::vector<std::string>& choices);

// "did you mean 'x'?" for the nearest of `choices`, if one is near enough to be what was meant;
// otherwise "".
std::string DidYouMean(absl::string_view word, const std::vector<std::string>& choices);

// DidYouMean, or else a list of all choices: "write one of a, b, c".
std::string DidYouMeanOrOneOf(absl::string_view word, const std::vector<std::string>& choices);

}  // namespace mantlet::config

#endif  // MANTLET_CONFIG_SUGGEST_H_
