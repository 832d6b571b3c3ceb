#include "proxy/pattern/glob.h"

#include <algorithm>

namespace mantlet::pattern {
namespace {

constexpr std::string_view kAnySegments = "**";

// Returns the end of the segment that begins at `at`.
size_t SegmentEnd(std::string_view name, size_t at) {
  return std::min(name.find('/', at), name.size());
}

// Matches `text`; `*` in `pattern` stands for any characters. After a mismatch only the last star
// is tried again, because it can match everything that an earlier one could. So the cost is at most
// the product of the lengths.
bool MatchesWild(std::string_view pattern, std::string_view text) {
  size_t p = 0, t = 0;
  size_t star = std::string_view::npos, star_text = 0;
  while (t < text.size()) {
    if (p < pattern.size() && pattern[p] == '*') {
      star = ++p;
      star_text = t;
    } else if (p < pattern.size() && pattern[p] == text[t]) {
      ++p;
      ++t;
    } else if (star != std::string_view::npos) {
      p = star;
      t = ++star_text;
    } else {
      return false;
    }
  }
  return pattern.find_first_not_of('*', p) == std::string_view::npos;
}

}  // namespace

std::optional<std::string_view> Glob::Fault(std::string_view pattern) {
  if (pattern.empty()) return "is empty";
  for (size_t at = 0; at <= pattern.size();) {
    const size_t end = SegmentEnd(pattern, at);
    const std::string_view segment = pattern.substr(at, end - at);
    if (segment != kAnySegments && segment.find(kAnySegments) != std::string_view::npos) {
      return "has a '**' that is not a segment of its own";
    }
    at = end + 1;
  }
  return std::nullopt;
}

Glob::Glob(std::string_view pattern) : text_(pattern) {
  for (size_t at = 0; at <= text_.size();) {
    const size_t end = SegmentEnd(text_, at);
    const std::string_view text = std::string_view(text_).substr(at, end - at);
    Segment segment{Kind::kLiteral, at, end - at};
    if (text == kAnySegments) {
      segment.kind = Kind::kAny;
    } else if (text == "*") {
      segment.kind = Kind::kOne;
    } else if (text.find('*') != std::string_view::npos) {
      segment.kind = Kind::kWild;
    }
    if (segment.kind != Kind::kLiteral) {
      literal_ = false;
    } else if (literal_) {
      has_prefix_ = true;
      prefix_size_ = end;
      ++prefix_segments_;
    }
    segments_.push_back(segment);
    at = end + 1;
  }
  // A `**` may match no segment, and then the '/' after it is not part of the name.
  suffix_begin_ = text_.rfind('*') == std::string::npos ? 0 : text_.rfind('*') + 1;
  if (suffix_begin_ < text_.size() && text_[suffix_begin_] == '/') ++suffix_begin_;
  tree_ = has_prefix_ && !literal_ && segments_.back().kind == Kind::kAny &&
          prefix_size_ + 1 == segments_.back().begin;
}

std::optional<std::string_view> Glob::literal_prefix() const {
  if (!has_prefix_) return std::nullopt;
  return std::string_view(text_).substr(0, prefix_size_);
}

bool Glob::Matches(std::string_view name) const {
  if (literal_) return name == text_;
  if (has_prefix_) {
    const std::string_view prefix = std::string_view(text_).substr(0, prefix_size_);
    if (!name.starts_with(prefix)) return false;
    if (name.size() > prefix_size_ && name[prefix_size_] != '/') return false;
    if (tree_) return true;
  }
  // Rejects most names that do not match.
  if (!name.ends_with(std::string_view(text_).substr(suffix_begin_))) return false;
  return has_prefix_ ? MatchesSegments(name, prefix_segments_, prefix_size_ + 1)
                     : MatchesSegments(name, 0, 0);
}

bool Glob::MatchesSegment(const Segment& segment, std::string_view text) const {
  switch (segment.kind) {
    case Kind::kLiteral:
      return text == TextOf(segment);
    case Kind::kWild:
      return MatchesWild(TextOf(segment), text);
    case Kind::kOne:
      return !text.empty();
    case Kind::kAny:
      return false;
  }
  return false;
}

// The algorithm of MatchesWild() with segments instead of characters and `**` instead of `*`.
bool Glob::MatchesSegments(std::string_view name, size_t p, size_t at) const {
  size_t star = segments_.size() + 1, star_at = 0;  // the last `**` so far
  const size_t end = name.size() + 1;               // the position after the last segment
  while (at < end) {
    if (p < segments_.size() && segments_[p].kind == Kind::kAny) {
      star = ++p;
      star_at = at;
      continue;
    }
    const size_t segment_end = SegmentEnd(name, at);
    if (p < segments_.size() && MatchesSegment(segments_[p], name.substr(at, segment_end - at))) {
      ++p;
      at = segment_end + 1;
    } else if (star <= segments_.size()) {
      p = star;
      at = star_at = SegmentEnd(name, star_at) + 1;
    } else {
      return false;
    }
  }
  while (p < segments_.size() && segments_[p].kind == Kind::kAny) ++p;
  return p == segments_.size();
}

// Treats `other` as a name. Its wildcards are characters that match only a wildcard for any
// character, so a match here implies a match of every name that `other` matches.
bool Glob::Covers(const Glob& other) const {
  if (text_ == other.text_) return true;
  if (other.literal_) return Matches(other.text_);
  if (literal_) return false;
  size_t p = 0, o = 0;
  size_t star = segments_.size() + 1, star_o = 0;
  while (o < other.segments_.size()) {
    if (p < segments_.size() && segments_[p].kind == Kind::kAny) {
      star = ++p;
      star_o = o;
      continue;
    }
    const Segment& theirs = other.segments_[o];
    if (p < segments_.size() && theirs.kind != Kind::kAny &&
        MatchesSegment(segments_[p], other.TextOf(theirs))) {
      ++p;
      ++o;
    } else if (star <= segments_.size()) {
      p = star;
      o = ++star_o;
    } else {
      return false;
    }
  }
  while (p < segments_.size() && segments_[p].kind == Kind::kAny) ++p;
  return p == segments_.size();
}

}  // namespace mantlet::pattern
