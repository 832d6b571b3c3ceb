#include "proxy/http/authority.h"

#include <cstddef>

#include "absl/strings/ascii.h"

namespace mantlet::http {
namespace {

constexpr size_t kLongestName = 255;  // the longest domain name (RFC 1035 section 2.3.4)

bool IsDigit(char c) { return c >= '0' && c <= '9'; }
bool IsLetter(char c) { return (c | 0x20) >= 'a' && (c | 0x20) <= 'z'; }
bool IsHex(char c) { return IsDigit(c) || ((c | 0x20) >= 'a' && (c | 0x20) <= 'f'); }

bool IsPort(std::string_view text) {
  if (text.size() > 5) return false;
  unsigned value = 0;
  for (char c : text) {
    if (!IsDigit(c)) return false;
    value = value * 10 + static_cast<unsigned>(c - '0');
  }
  return value <= 65535;
}

bool IsRegName(std::string_view text) {
  if (text.empty() || text.size() > kLongestName) return false;
  for (char c : text) {
    if (!IsLetter(c) && !IsDigit(c) && c != '-' && c != '.' && c != '_' && c != '~') return false;
  }
  return true;
}

// Checks the characters only; that is enough to exclude a second host or a port.
bool IsIpv6Shape(std::string_view text) {
  size_t colons = 0;
  for (char c : text) {
    if (!IsHex(c) && c != ':' && c != '.') return false;
    colons += c == ':';
  }
  return colons >= 2 && text.size() <= 45;
}

}  // namespace

bool IsValidAuthority(std::string_view text) {
  if (!text.empty() && text.front() == '[') {
    const size_t bracket = text.find(']');
    if (bracket == std::string_view::npos) return false;
    if (!IsIpv6Shape(text.substr(1, bracket - 1))) return false;
    text.remove_prefix(bracket + 1);
    if (text.empty()) return true;
    if (text.front() != ':') return false;
    return IsPort(text.substr(1));
  }
  const size_t colon = text.find(':');
  if (colon != std::string_view::npos && !IsPort(text.substr(colon + 1))) return false;
  return IsRegName(text.substr(0, colon));
}

std::string HostName(std::string_view authority) {
  const size_t bracket = authority.starts_with('[') ? authority.find(']') : 0;
  const size_t colon = bracket == std::string_view::npos ? bracket : authority.find(':', bracket);
  std::string host(authority.substr(0, colon));
  absl::AsciiStrToLower(&host);
  if (host.ends_with('.')) host.pop_back();
  return host;
}

bool IsAddressLiteral(std::string_view host) {
  return host.starts_with('[') || host.find_first_not_of("0123456789.") == std::string_view::npos;
}

}  // namespace mantlet::http
