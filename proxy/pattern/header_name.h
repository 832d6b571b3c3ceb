// How an application might read the name of a header field. CGI gateways and the frameworks
// behind them ignore letter case, and take every byte that is no letter or digit (`-`, `_`, `.`
// and others) for one. Two names that are equal after folding may be one field to them.

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
