#include "config/loader/value_form.h"

#include "absl/strings/str_cat.h"

namespace mantlet::config {
namespace {

std::string Digit(char low, char high) {
  if (low == high) return std::string(1, low);
  if (low == '0' && high == '9') return "[0-9]";
  return absl::StrCat("[", std::string(1, low), "-", std::string(1, high), "]");
}

std::string Digits(size_t count) {
  if (count == 0) return "";
  return count == 1 ? "[0-9]" : absl::StrCat("[0-9]{", count, "}");
}

bool Only(char digit, const std::string& text) {
  return text.find_first_not_of(digit) == std::string::npos;
}

void Add(const std::string& alternative, std::string& out) {
  absl::StrAppend(&out, out.empty() ? "" : "|", alternative);
}

// Returns the alternatives for the texts of digits from `low` to `high`, which have one length.
std::string OfOneLength(const std::string& low, const std::string& high) {
  if (low.empty()) return "";
  const std::string low_rest = low.substr(1);
  const std::string high_rest = high.substr(1);
  if (low[0] == high[0]) {
    const std::string rest = OfOneLength(low_rest, high_rest);
    return rest.empty() ? low.substr(0, 1) : absl::StrCat(low.substr(0, 1), "(?:", rest, ")");
  }
  std::string out;
  char first = low[0];
  char last = high[0];
  if (!Only('0', low_rest)) {
    const std::string rest = OfOneLength(low_rest, std::string(low_rest.size(), '9'));
    Add(absl::StrCat(low.substr(0, 1), "(?:", rest, ")"), out);
    ++first;
  }
  const bool high_apart = !Only('9', high_rest);
  if (high_apart) --last;
  if (first <= last) Add(Digit(first, last) + Digits(low_rest.size()), out);
  if (high_apart) {
    const std::string rest = OfOneLength(std::string(high_rest.size(), '0'), high_rest);
    Add(absl::StrCat(high.substr(0, 1), "(?:", rest, ")"), out);
  }
  return out;
}

}  // namespace

std::string DecimalPattern(uint64_t min, uint64_t max) {
  const std::string low = absl::StrCat(min);
  const std::string high = absl::StrCat(max);
  std::string out;
  for (size_t length = low.size(); length <= high.size(); ++length) {
    const std::string from = length == low.size() ? low : "1" + std::string(length - 1, '0');
    const std::string to = length == high.size() ? high : std::string(length, '9');
    Add(OfOneLength(from, to), out);
  }
  return absl::StrCat("(?:", out, ")");
}

}  // namespace mantlet::config
