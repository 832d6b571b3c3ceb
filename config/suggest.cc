#include "config/suggest.h"

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

namespace mantlet::config {
namespace {

// The distance is quadratic in the lengths, and no known word is longer.
constexpr size_t kLongestWord = 64;

}  // namespace

size_t EditDistance(absl::string_view a, absl::string_view b) {
  const auto same = [&](size_t i, size_t j) {
    return absl::ascii_tolower(a[i]) == absl::ascii_tolower(b[j]);
  };
  // Rows of the table for i - 2, i - 1 and i characters of `a`.
  std::vector<size_t> two_before(b.size() + 1), before(b.size() + 1), row(b.size() + 1);
  for (size_t j = 0; j <= b.size(); ++j) before[j] = j;
  for (size_t i = 1; i <= a.size(); ++i) {
    row[0] = i;
    for (size_t j = 1; j <= b.size(); ++j) {
      const size_t replace = before[j - 1] + (same(i - 1, j - 1) ? 0 : 1);
      row[j] = std::min({replace, before[j] + 1, row[j - 1] + 1});
      if (i > 1 && j > 1 && same(i - 1, j - 2) && same(i - 2, j - 1)) {
        row[j] = std::min(row[j], two_before[j - 2] + 1);
      }
    }
    two_before.swap(before);
    before.swap(row);
  }
  return before[b.size()];
}

const std::string* Nearest(absl::string_view word, const std::vector<std::string>& choices) {
  if (word.empty() || word.size() > kLongestWord) return nullptr;
  const std::string* best = nullptr;
  // Permits one error in three characters, but never so many that nothing of the word is left.
  size_t best_distance = std::min(word.size(), std::max<size_t>(1, word.size() / 3) + 1);
  for (const std::string& choice : choices) {
    const size_t distance = EditDistance(word, choice);
    if (distance >= best_distance) continue;
    best_distance = distance;
    best = &choice;
  }
  return best;
}

std::string DidYouMean(absl::string_view word, const std::vector<std::string>& choices) {
  const std::string* nearest = Nearest(word, choices);
  return nearest == nullptr ? "" : absl::StrCat("did you mean '", *nearest, "'?");
}

std::string DidYouMeanOrOneOf(absl::string_view word, const std::vector<std::string>& choices) {
  std::string hint = DidYouMean(word, choices);
  if (!hint.empty()) return hint;
  if (choices.size() == 1) return absl::StrCat("write ", choices[0]);
  return absl::StrCat("write one of ", absl::StrJoin(choices, ", "));
}

}  // namespace mantlet::config
