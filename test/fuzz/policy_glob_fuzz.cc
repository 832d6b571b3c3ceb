// Whatever the patterns and names: matching ends soon; what a pattern covers it
// matches; every match begins with the pattern's literal segments; and a rule with
// such a pattern decides the same with and without its index.

#include <memory>
#include <string>
#include <string_view>

#include "proxy/pattern/distinguished_name.h"
#include "proxy/pattern/dns_pattern.h"
#include "proxy/pattern/glob.h"
#include "proxy/policy/policy.h"
#include "test/fuzz/fuzz_input.h"

namespace mantlet::fuzz {
namespace {

using pattern::DnsPattern;
using pattern::Glob;

void CheckPrefix(const Glob& glob, std::string_view name) {
  const auto prefix = glob.literal_prefix();
  if (!prefix || !glob.Matches(name)) return;
  Require(name.starts_with(*prefix), "a match without the pattern's beginning", glob.text(), name);
  Require(name.size() == prefix->size() || name[prefix->size()] == '/',
          "the beginning ends within a segment", glob.text(), name);
}

void CheckGlobs(std::string_view a, std::string_view b, std::string_view name) {
  if (Glob::Fault(a) != std::nullopt || Glob::Fault(b) != std::nullopt) return;
  const Glob wide(a), narrow(b);
  CheckPrefix(wide, name);
  Require(wide.Covers(wide), "a pattern that does not cover itself", a);
  if (wide.literal()) Require(wide.Matches(a), "a literal that does not match itself", a);
  if (wide.Covers(narrow) && narrow.Matches(name)) {
    Require(wide.Matches(name), "covered and not matched", a, b);
  }
}

void CheckNames(std::string_view a, std::string_view b, std::string_view name) {
  if (DnsPattern::Fault(a) != std::nullopt || DnsPattern::Fault(b) != std::nullopt) return;
  const DnsPattern wide(a), narrow(b);
  const std::string lower = pattern::LowerAscii(name);
  if (wide.Covers(narrow) && narrow.Matches(lower)) {
    Require(wide.Matches(lower), "covered and not matched", a, b);
  }
}

void CheckIndex(std::string_view a, std::string_view b, std::string_view name) {
  if (Glob::Fault(a) != std::nullopt || Glob::Fault(b) != std::nullopt) return;
  config::Policy config;
  config.rules.resize(2);
  config.rules[0].action = config::RuleAction::kAllow;
  config.rules[0].match.path = {std::string(a), std::string(b)};
  config.rules[1].action = config::RuleAction::kDeny;
  const auto policy = std::make_shared<const policy::Policy>(config);
  policy::ConnectionView view;
  view.Refresh(policy, nullptr);
  Require(policy->Decide({view, "GET", name}).permit ==
              (Glob(a).Matches(name) || Glob(b).Matches(name)),
          "the index hides a rule", a, b);
}

// The same name, written with every byte escaped, is the same name.
void CheckDistinguishedName(std::string_view value) {
  std::string escaped = "CN=";
  for (char c : value) {
    static constexpr char kDigits[] = "0123456789abcdef";
    const auto byte = static_cast<unsigned char>(c);
    escaped += '\\';
    escaped += kDigits[byte >> 4];
    escaped += kDigits[byte & 15];
  }
  const auto name = pattern::CanonicalName(escaped);
  Require(name && name->size() == 1, "an escaped value is not read as one", escaped);
  pattern::CanonicalName(value);
}

}  // namespace
}  // namespace mantlet::fuzz

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  mantlet::fuzz::Input input(data, size);
  const std::string a = input.Text();
  const std::string b = input.Text();
  const std::string_view name = input.Rest();
  mantlet::fuzz::CheckGlobs(a, b, name);
  mantlet::fuzz::CheckNames(a, b, name);
  mantlet::fuzz::CheckIndex(a, b, name);
  mantlet::fuzz::CheckDistinguishedName(name);
  return 0;
}
