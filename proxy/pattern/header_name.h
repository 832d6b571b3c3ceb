// Folds header field names in the way an application might read them. CGI gateways and the
// frameworks behind them ignore letter case and treat all bytes other than letters and digits (`-`,
// `_`, `.` and others) as the same. They may take two names that are equal after folding for one
// field.

#ifndef MANTLET_PROXY_PATTERN_HEADER_NAME_H_
#define MANTLET_PROXY_PATTERN_HEADER_NAME_H_

#include <string>
#include <string_view>

namespace mantlet::pattern {

constexpr char FoldHeaderByte(char c) {
  if (c >= 'A' && c <= 'Z') return static_cast<char>(c | 0x20);
  return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ? c : '-';
}

inline std::string FoldHeaderName(std::string_view name) {
  std::string folded(name);
  for (char& c : folded) c = FoldHeaderByte(c);
  return folded;
}

}  // namespace mantlet::pattern

#endif  // MANTLET_PROXY_PATTERN_HEADER_NAME_H_
