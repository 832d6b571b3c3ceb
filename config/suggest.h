// Suggestions for misspelt words: "did you mean 'x'?".

#ifndef MANTLET_CONFIG_SUGGEST_H_
#define MANTLET_CONFIG_SUGGEST_H_

#include <cstddef>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"

namespace mantlet::config {

// EditDistance returns the number of single-character insertions, deletions, replacements and swaps
// of neighbours that turn `a` into `b`. It ignores letter case.
size_t EditDistance(absl::string_view a, absl::string_view b);

// Nearest returns the choice nearest to `word`, or nullptr if none is near enough.
const std::string* Nearest(absl::string_view word, const std::vector<std::string>& choices);

// DidYouMean returns "did you mean 'x'?" for the nearest of `choices`, or "" if none is near
// enough.
std::string DidYouMean(absl::string_view word, const std::vector<std::string>& choices);

// DidYouMeanOrOneOf returns DidYouMean or, if that is empty, all choices: "write one of a, b, c".
std::string DidYouMeanOrOneOf(absl::string_view word, const std::vector<std::string>& choices);

}  // namespace mantlet::config

#endif  // MANTLET_CONFIG_SUGGEST_H_
