// Glob is a pattern for names that consist of segments with '/' between them: SPIFFE IDs, URIs and
// request paths.
//
//   *    within a segment: any number of characters, also none; a segment that
//        is only `*` matches one non-empty segment
//   **   as a whole segment: any number of segments, also none
//
// All other characters match themselves, including their letter case. "/admin/**" matches "/admin"
// and all paths below it, but not "/administrator".
//
// A value, immutable; any thread. Matching costs at most the product of both lengths for any
// pattern, and allocates nothing.

#ifndef MANTLET_PROXY_PATTERN_GLOB_H_
#define MANTLET_PROXY_PATTERN_GLOB_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace mantlet::pattern {

class Glob {
 public:
  // Returns why the pattern is invalid, as a clause that follows the pattern, or nullopt if it is
  // valid.
  static std::optional<std::string_view> Fault(std::string_view pattern);
  // `pattern` must be valid: Fault(pattern) is nullopt.
  explicit Glob(std::string_view pattern);

  bool Matches(std::string_view name) const;
  // Returns true only if this pattern matches every name that `other` matches. May return false if
  // that is true but not easy to prove.
  bool Covers(const Glob& other) const;
  // Returns true if the pattern has no wildcard.
  bool literal() const { return literal_; }
  // Returns the segments before the first one with a wildcard, without the last '/'. All matching
  // names begin with them. Returns nullopt if the first segment has a wildcard.
  std::optional<std::string_view> literal_prefix() const;
  const std::string& text() const { return text_; }

 private:
  enum class Kind : uint8_t { kLiteral, kWild, kOne, kAny };
  struct Segment {
    Kind kind;
    size_t begin, size;  // in text_
  };
  std::string_view TextOf(const Segment& segment) const {
    return std::string_view(text_).substr(segment.begin, segment.size);
  }
  bool MatchesSegment(const Segment& segment, std::string_view text) const;
  // Matches the segments from `p` on against `name` from `at` on.
  bool MatchesSegments(std::string_view name, size_t p, size_t at) const;

  std::string text_;
  std::vector<Segment> segments_;
  bool literal_ = true;
  bool tree_ = false;       // literal segments, then one `**`: the most common form
  size_t prefix_size_ = 0;  // size of the literal segments at the beginning
  size_t prefix_segments_ = 0;
  bool has_prefix_ = false;
  size_t suffix_begin_ = 0;  // the text from here on has no wildcard and ends every match
};

}  // namespace mantlet::pattern

#endif  // MANTLET_PROXY_PATTERN_GLOB_H_
