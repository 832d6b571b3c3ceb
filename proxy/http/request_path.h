// RequestPath normalizes the path of a request, so that the policy and the application cannot read
// two different paths from one target.
//
// The normal form is that of RFC 3986 section 6.2.2. Letters, digits, "-", ".", "_" and "~" are not
// percent-encoded; characters that a URI must not contain are; other escapes stay and get
// upper-case digits. "." and ".." are resolved (5.2.4), and empty segments are merged. A target
// that applications are known to read in different ways has no normal form and is rejected:
//
//   - an encoded "/", "\", or control character (%00 among them), or a raw "\"
//   - "%" without two hexadecimal digits, or an escape that decodes to another escape ("%252F"),
//     because some applications decode twice
//   - bytes that are not UTF-8 once decoded; overlong forms are not UTF-8
//   - ";", encoded or not: Java's containers remove it with the text after it and read "/admin;x"
//     as "/admin" and "/..;/" as "/../"; other applications do not
//   - ".." after an empty segment ("/a//../b"): "/a/b" if empty segments are merged before ".." is
//     resolved, "/b" otherwise
//
// ".." above the root stays at the root, as in RFC 3986.
//
// An object belongs to one connection and is reused without further allocations. Not thread-safe.

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
  // Normalizes `target`, which is in origin-form or "*" as in RequestHead. Returns nullopt, or the
  // reason why it is rejected, a literal; target() and decoded() are then meaningless.
  std::optional<std::string_view> Normalize(std::string_view target);

  // Returns the request-target for the upstream: the normalized path and the unchanged query.
  // Normalizing it again changes nothing.
  const std::string& target() const { return target_; }
  // Returns the decoded path without the query. It begins with "/", is valid UTF-8, and has no
  // control character, no "." or ".." segment, and no empty segment except the last. For the target
  // "*" it is "*".
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
