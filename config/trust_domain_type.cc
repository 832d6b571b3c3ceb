// The type of a SPIFFE trust domain's name.

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "config/value_type.h"

namespace mantlet::config {
namespace {

// SPIFFE-ID, sections 2.1 and 2.3. The data path has the same rule in
// proxy/identity/spiffe_id.h, which this package may not know.
constexpr size_t kLongestTrustDomain = 255;

bool MayStandInTrustDomain(char c) {
  return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '-' || c == '_';
}

std::optional<Problem> ParseTrustDomain(const ScalarText& scalar, std::string& out) {
  const std::string& text = scalar.text;
  bool good = !text.empty() && text.size() <= kLongestTrustDomain;
  for (char c : text) good = good && MayStandInTrustDomain(c);
  if (!good) {
    return Problem{absl::StrCat("'", text, "' is not a trust domain"),
                   absl::StartsWithIgnoreCase(text, "spiffe://")
                       ? "leave out spiffe:// and the path"
                       : absl::StrCat("use lower-case letters, digits, '.', '-' and '_', at most ",
                                      kLongestTrustDomain)};
  }
  out = text;
  return std::nullopt;
}

}  // namespace

ValueType<std::string> TrustDomain() {
  return {"trust domain", "example.org", ParseTrustDomain,
          [](const std::string& value) { return value; }};
}

}  // namespace mantlet::config
