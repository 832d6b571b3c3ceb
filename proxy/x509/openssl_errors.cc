#include "proxy/x509/openssl_errors.h"

#include <openssl/err.h>

#include <cstdint>

namespace mantlet::x509 {

// Clearing walks the whole queue, which is usually empty.
void ClearErrors() {
  if (ERR_peek_error() != 0) ERR_clear_error();
}

std::string TakeErrors() {
  std::string text;
  while (uint32_t error = ERR_get_error()) {
    // Only the reason is used: library and function names do not help an operator.
    const char* reason = ERR_reason_error_string(error);
    if (!text.empty()) text += "; ";
    text += reason != nullptr ? reason : "error " + std::to_string(error);
  }
  return text.empty() ? "no further detail" : text;
}

}  // namespace mantlet::x509
