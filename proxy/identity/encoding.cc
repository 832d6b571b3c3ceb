#include "proxy/identity/encoding.h"

#include <algorithm>
#include <cstddef>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "proxy/base/utf8.h"

namespace mantlet::identity {
bool IsSafeText(std::string_view text) {
  for (size_t at = 0; at < text.size();) {
    const size_t length = base::Utf8SequenceLength(text, at);
    const unsigned char lead = static_cast<unsigned char>(text[at]);
    if (length == 0 || lead < 0x20 || lead == 0x7f) return false;
    // C1 controls, U+0080 to U+009F.
    if (lead == 0xc2 && static_cast<unsigned char>(text[at + 1]) < 0xa0) return false;
    at += length;
  }
  return !text.empty();
}

bool IsSafeUnquoted(std::string_view text) {
  return IsSafeText(text) && text.front() != ' ' && text.back() != ' ';
}

bool IsSafeAscii(std::string_view text) {
  return IsSafeText(text) &&
         std::all_of(text.begin(), text.end(), [](char c) { return (c & 0x80) == 0; });
}

std::string Base64(std::string_view bytes) {
  return absl::Base64Escape({bytes.data(), bytes.size()});
}

std::string CertificatePem(std::string_view der) {
  constexpr size_t kLine = 64;
  const std::string base64 = Base64(der);
  std::string pem = "-----BEGIN CERTIFICATE-----\n";
  for (size_t at = 0; at < base64.size(); at += kLine) {
    pem.append(base64, at, kLine).append("\n");
  }
  pem.append("-----END CERTIFICATE-----\n");
  return pem;
}

std::string PercentEncode(std::string_view bytes) {
  constexpr char kDigits[] = "0123456789ABCDEF";
  std::string out;
  out.reserve(bytes.size() + bytes.size() / 4);
  for (char c : bytes) {
    const unsigned char byte = static_cast<unsigned char>(c);
    if (absl::ascii_isalnum(byte) || c == '-' || c == '.' || c == '_' || c == '~') {
      out.push_back(c);
    } else {
      out.push_back('%');
      out.push_back(kDigits[byte >> 4]);
      out.push_back(kDigits[byte & 15]);
    }
  }
  return out;
}

}  // namespace mantlet::identity
