// The type of a SPIFFE trust domain's name.

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "config/loader/value_type.h"
#include "proxy/pattern/spiffe_id.h"

namespace mantlet::config {
namespace {

std::optional<Problem> ParseTrustDomain(const ScalarText& scalar, std::string& out) {
  const std::string& text = scalar.text;
  if (!pattern::CheckTrustDomain(text).ok()) {
    return Problem{absl::StrCat("'", text, "' is not a trust domain"),
                   absl::StartsWithIgnoreCase(text, "spiffe://")
                       ? "leave out spiffe:// and the path"
                       : absl::StrCat("use lower-case letters, digits, '.', '-' and '_', at most ",
                                      pattern::kMaxTrustDomainBytes)};
  }
  out = text;
  return std::nullopt;
}

}  // namespace

ValueType<std::string> TrustDomain() {
  return {"trust domain",
          "example.org",
          ParseTrustDomain,
          [](const std::string& value) { return value; },
          {PatternForm("[a-z0-9._-]{1,255}"), UnquotedForm()}};
}

}  // namespace mantlet::config
