// Any bytes as a SPIFFE ID: what is taken has one spelling only, fits the
// standard's grammar read by a regular expression, and its parts are the whole.

#include <regex.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "proxy/pattern/spiffe_id.h"
#include "test/fuzz/fuzz_input.h"

namespace mantlet::fuzz {
namespace {

// POSIX's expressions; those of std::regex make g++ 12 warn where sanitizers are on.
class Expression {
 public:
  explicit Expression(const char* pattern) {
    Require(regcomp(&compiled_, pattern, REG_EXTENDED | REG_NOSUB) == 0, "a bad pattern", pattern);
  }
  bool Matches(const std::string& text) const {
    return text.find('\0') == std::string::npos &&
           regexec(&compiled_, text.c_str(), 0, nullptr, 0) == 0;
  }

 private:
  regex_t compiled_;
};

// The grammar without the length limits.
bool FitsGrammar(const std::string& text) {
  static const auto* id = new Expression("^spiffe://[a-z0-9._-]+(/[a-zA-Z0-9._-]+)*$");
  static const auto* relative = new Expression("/\\.\\.?(/|$)");
  return id->Matches(text) && !relative->Matches(text.substr(9));
}

void Parse(const std::string& text) {
  const absl::StatusOr<pattern::SpiffeId> id = pattern::ParseSpiffeId(text);
  if (!id.ok()) {
    Require(!id.status().message().empty(), "a refusal without a reason", text);
  } else {
    Require("spiffe://" + std::string(id->trust_domain) + std::string(id->path) == text,
            "parts that are not the whole", text);
    Require(pattern::CheckTrustDomain(id->trust_domain).ok(), "a trust domain that is none", text);
    Require(pattern::ClaimsToBeSpiffeId(text), "an ID that does not claim to be one", text);
  }
  // Longer ones are refused, whatever they say.
  if (text.size() > pattern::kMaxSpiffeIdBytes) return;
  const size_t domain_end = text.find('/', 9);
  const bool short_domain = (domain_end == std::string::npos ? text.size() : domain_end) <=
                            9 + pattern::kMaxTrustDomainBytes;
  Require(id.ok() == (FitsGrammar(text) && short_domain), "two readers disagree", text);
}

}  // namespace
}  // namespace mantlet::fuzz

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  mantlet::fuzz::Parse(text);
  mantlet::fuzz::Parse("spiffe://" + text);
  return 0;
}
