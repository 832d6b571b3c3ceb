#include "proxy/pattern/dns_pattern.h"

#include <algorithm>
#include <cstddef>

namespace mantlet::pattern {
namespace {

constexpr size_t kLongestName = 253;  // in text form, RFC 1035 section 2.3.4
constexpr size_t kLongestLabel = 63;

// Accepts letters, digits, '-', and '_', which host names should not contain but do.
bool IsLabel(std::string_view label) {
  return !label.empty() && label.size() <= kLongestLabel &&
         std::all_of(label.begin(), label.end(), [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                  c == '-' || c == '_';
         });
}

}  // namespace

std::string LowerAscii(std::string_view text) {
  std::string lower(text);
  for (char& c : lower) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c | 0x20);
  }
  return lower;
}

std::optional<std::string_view> DnsPattern::Fault(std::string_view pattern) {
  if (pattern.empty()) return "is empty";
  if (pattern.size() > kLongestName) return "is longer than a DNS name may be";
  std::string_view rest = pattern;
  if (rest == "*") return "has no domain after the '*'";
  if (rest.starts_with("*.")) rest.remove_prefix(2);
  while (true) {
    const size_t dot = rest.find('.');
    const std::string_view label = rest.substr(0, dot);
    if (label.find('*') != std::string_view::npos) {
      return "has a '*' that is not the whole first label";
    }
    if (!IsLabel(label)) return "is not a DNS name";
    if (dot == std::string_view::npos) return std::nullopt;
    rest.remove_prefix(dot + 1);
  }
}

bool DnsPattern::Matches(std::string_view name) const {
  if (!wildcard()) return name == text_;
  const std::string_view parent = std::string_view(text_).substr(1);  // ".example.org"
  return name.size() > parent.size() && name.ends_with(parent) &&
         IsLabel(name.substr(0, name.size() - parent.size()));
}

}  // namespace mantlet::pattern
