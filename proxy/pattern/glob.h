// Glob is a pattern over names that consist of segments with '/' between them:
// SPIFFE IDs, URIs, paths of requests.
//
//   *    within a segment: any characters, none too; a segment that is nothing
//        but `*` is one whole segment, and that is not empty
//   **   a segment of its own: any number of segments, none too
//
// Everything else matches itself, letter case included. "/admin/**" matches
// "/admin" and all that is below it, and not "/administrator".
//
// A value, immutable; any thread. Matching costs at most the product of both
// lengths, whatever the pattern, and allocates nothing.

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
  // What is wrong with the pattern, as a clause that follows it; nullptr if nothing is.
  static std::optional<std::string_view> Fault(std::string_view pattern);
  // Fault(pattern) is nullptr.
  explicit Glob(std::string_view pattern);

  bool Matches(std::string_view name) const;
  // True only if everything that `other` matches is matched here too. May be
  // false where that is hard to see.
  bool Covers(const Glob& other) const;
  // True if the pattern is a name without wildcards.
  bool literal() const { return literal_; }
  // The segments before the first that has a wildcard, the last '/' left out;
  // all names that match begin with them. Nothing if already the first has one.
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
  // From segment `p` on, where `name` from `at` on is compared with it.
  bool MatchesSegments(std::string_view name, size_t p, size_t at) const;

  std::string text_;
  std::vector<Segment> segments_;
  bool literal_ = true;
  bool tree_ = false;       // literal segments, then one `**`: the usual prefix
  size_t prefix_size_ = 0;  // of the literal segments at the beginning
  size_t prefix_segments_ = 0;
  bool has_prefix_ = false;
  size_t suffix_begin_ = 0;  // what follows here has no wildcard; every match ends with it
};

}  // namespace mantlet::pattern

#endif  // MANTLET_PROXY_PATTERN_GLOB_H_
