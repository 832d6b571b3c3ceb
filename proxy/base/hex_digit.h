// HexDigit returns the value of one hexadecimal digit. Pure; any thread.

#ifndef MANTLET_PROXY_BASE_HEX_DIGIT_H_
#define MANTLET_PROXY_BASE_HEX_DIGIT_H_

namespace mantlet::base {

// Accepts both letter cases; returns -1 if `c` is no digit.
constexpr int HexDigit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  const char lower = static_cast<char>(c | 0x20);
  return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

}  // namespace mantlet::base

#endif  // MANTLET_PROXY_BASE_HEX_DIGIT_H_
