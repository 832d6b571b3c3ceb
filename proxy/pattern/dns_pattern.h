// DnsPattern is a DNS name, optionally with `*` as its leftmost label. As in RFC 9525 section 6.3,
// the wildcard stands for one whole label: "*.example.org" matches "a.example.org", but neither
// "example.org" nor "a.b.example.org". Letter case is ignored (RFC 4343).
//
// A value, immutable; any thread.

#ifndef MANTLET_PROXY_PATTERN_DNS_PATTERN_H_
#define MANTLET_PROXY_PATTERN_DNS_PATTERN_H_

#include <optional>
#include <string>
#include <string_view>

namespace mantlet::pattern {

// Converts ASCII letters to lower case.
std::string LowerAscii(std::string_view text);

class DnsPattern {
 public:
  // Returns why the pattern is invalid, as a clause that follows the pattern, or nullopt if it is
  // valid.
  static std::optional<std::string_view> Fault(std::string_view pattern);
  // `pattern` must be valid: Fault(pattern) is nullopt.
  explicit DnsPattern(std::string_view pattern) : text_(LowerAscii(pattern)) {}

  // `name` must be in lower case. A name whose first label is invalid matches no wildcard.
  bool Matches(std::string_view name) const;
  bool Covers(const DnsPattern& other) const {
    return text_ == other.text_ || (!other.wildcard() && Matches(other.text_));
  }
  bool wildcard() const { return text_.starts_with('*'); }
  // Returns the pattern in lower case.
  const std::string& text() const { return text_; }

 private:
  std::string text_;
};

}  // namespace mantlet::pattern

#endif  // MANTLET_PROXY_PATTERN_DNS_PATTERN_H_
