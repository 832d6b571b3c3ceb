#include "proxy/http/request_rules.h"

#include <algorithm>
#include <limits>

#include "proxy/http/tokens.h"

namespace mantlet::http {

using base::ErrorReason;

namespace {

// No registered method has more than 17.
constexpr size_t kMaxMethodBytes = 48;

bool IsLowerCase(char c) { return c >= 'a' && c <= 'z'; }

bool IsTargetChar(char c) { return c > 0x20 && c < 0x7f && c != '#'; }

}  // namespace

std::optional<Refusal> CheckMethod(std::string_view method) {
  if (method.size() > kMaxMethodBytes) {
    return Refusal{ErrorReason::kNotImplemented, "a method that is too long"};
  }
  if (method == "CONNECT") {
    return Refusal{ErrorReason::kNotImplemented, "CONNECT is not supported"};
  }
  if (std::any_of(method.begin(), method.end(), IsLowerCase)) {
    return Refusal{ErrorReason::kNotImplemented, "a method with lower-case letters"};
  }
  return std::nullopt;
}

bool IsTargetText(std::string_view target) {
  return std::all_of(target.begin(), target.end(), IsTargetChar);
}

bool IsTunnelable(std::string_view protocol) {
  const size_t slash = std::min(protocol.find('/'), protocol.size());
  const std::string_view name = protocol.substr(0, slash);
  if (!IsToken(name)) return false;
  if (slash < protocol.size() && !IsToken(protocol.substr(slash + 1))) return false;
  for (std::string_view refused : {"h2", "h2c", "h3", "http", "tls"}) {
    if (EqualsIgnoreCase(name, refused)) return false;
  }
  return true;
}

std::optional<uint64_t> ParseContentLength(std::string_view text) {
  constexpr uint64_t kMax = std::numeric_limits<int64_t>::max();
  uint64_t value = 0;
  for (char c : text) {
    if (c < '0' || c > '9') return std::nullopt;
    const uint64_t digit = static_cast<uint64_t>(c - '0');
    if (value > (kMax - digit) / 10) return std::nullopt;
    value = value * 10 + digit;
  }
  if (text.empty()) return std::nullopt;
  return value;
}

}  // namespace mantlet::http
