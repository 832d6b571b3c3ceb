// DnsPattern is a DNS name, or one with `*` for its leftmost label. As RFC 9525
// section 6.3 has it, the wildcard is one whole label: "*.example.org" matches
// "a.example.org", neither "example.org" nor "a.b.example.org". Letter case
// is ignored (RFC 4343).
//
// A value, immutable; any thread.

#ifndef MANTLET_PROXY_PATTERN_DNS_PATTERN_H_
#define MANTLET_PROXY_PATTERN_DNS_PATTERN_H_

#include <optional>
#include <string>
#include <string_view>

namespace mantlet::pattern {

// ASCII letters only.
std::string LowerAscii(std::string_view text);

class DnsPattern {
 public:
  // What is wrong with the pattern, as a clause that follows it; nullptr if nothing is.
  static std::optional<std::string_view> Fault(std::string_view pattern);
  // Fault(pattern) is nullptr.
  explicit DnsPattern(std::string_view pattern) : text_(LowerAscii(pattern)) {}

  // `name` is in lower case. One with an impossible first label matches no wildcard.
  bool Matches(std::string_view name) const;
  bool Covers(const DnsPattern& other) const {
    return text_ == other.text_ || (!other.wildcard() && Matches(other.text_));
  }
  bool wildcard() const { return text_.starts_with('*'); }
  // In lower case.
  const std::string& text() const { return text_; }

 private:
  std::string text_;
};

}  // namespace mantlet::pattern

#endif  // MANTLET_PROXY_PATTERN_DNS_PATTERN_H_
