#include "proxy/pattern/mailbox.h"

#include <cstddef>

#include "proxy/pattern/dns_pattern.h"

namespace mantlet::pattern {

std::string CanonicalMailbox(std::string_view text) {
  const size_t at = text.rfind('@');
  if (at == std::string_view::npos) return std::string(text);
  return std::string(text.substr(0, at)) + LowerAscii(text.substr(at));
}

std::string AnyMailboxOfHost(std::string_view text) {
  const size_t at = text.find('@');
  if (at == std::string_view::npos || at == 0 || at != text.rfind('@')) return {};
  return "*" + LowerAscii(text.substr(at));
}

}  // namespace mantlet::pattern
