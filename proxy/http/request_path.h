// The path of a request in one form, so that whoever decides about it and the
// application that is asked for it cannot read two paths out of one target.
//
// The form is RFC 3986 section 6.2.2's: letters, digits, "-", ".", "_" and "~" are
// not percent-encoded, characters that no URI may have are, other escapes stay
// and get upper-case digits; "." and ".." are resolved (5.2.4); and empty
// segments are merged. A target that applications are known to read in
// different ways has no form and is refused:
//
//   - an encoded "/", "\", or control character (%00 among them), a raw "\"
//   - "%" without two hexadecimal digits; what would be an escape again once
//     decoded ("%252F"), for some decode twice
//   - bytes that are not UTF-8 once decoded; overlong forms are not UTF-8
//   - ";", encoded or not: Java's containers cut it off with what follows, and
//     read "/admin;x" as "/admin", "/..;/" as "/../"; others do not
//   - ".." behind an empty segment ("/a//../b"): "/a/b" or "/b", as one merges first or last
//
// ".." above the root stays at the root, as RFC 3986 has it.

#ifndef MANTLET_PROXY_HTTP_REQUEST_PATH_H_
#define MANTLET_PROXY_HTTP_REQUEST_PATH_H_

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace mantlet::http {

// Belongs to one connection, which uses it again and again: no allocation once
// warm. Not thread-safe.
class RequestPath {
 public:
  // Reads `target`, origin-form or "*" as RequestHead has it. Returns nothing, or the
  // sentence, a literal, that says why it is refused; then target() and decoded() are
  // meaningless.
  std::optional<std::string_view> Normalize(std::string_view target);

  // What the upstream is to be asked for: the path in the one form, and the
  // query as it came. Its own normal form is itself.
  const std::string& target() const { return target_; }
  // The path without query, percent-decoded: begins with "/", valid UTF-8, no
  // control character, no empty segment but a last one, no "." and no "..".
  // "*" for the target "*".
  const std::string& decoded() const { return decoded_; }

 private:
  std::optional<std::string_view> Decode(std::string_view path);
  std::optional<std::string_view> CheckDecoded() const;
  void Rewrite(std::string_view path);
  std::optional<std::string_view> ResolveDots();
  void MergeSlashes();

  std::string decoded_;
  std::string target_;
};

}  // namespace mantlet::http

#endif  // MANTLET_PROXY_HTTP_REQUEST_PATH_H_
