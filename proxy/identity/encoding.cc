#include "proxy/identity/encoding.h"

#include <cstddef>
#include <cstdint>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"

namespace mantlet::identity {
namespace {

// The length of the sequence that a byte begins, 0 if it begins none (RFC 3629).
size_t SequenceLength(unsigned char lead) {
  if (lead < 0x80) return 1;
  if (lead >= 0xc2 && lead <= 0xdf) return 2;
  if (lead >= 0xe0 && lead <= 0xef) return 3;
  if (lead >= 0xf0 && lead <= 0xf4) return 4;
  return 0;
}

// The code point of a sequence of the right length; a value that no sequence of
// that length may encode, or a surrogate, gives `false`.
bool Decode(std::string_view sequence, uint32_t* code) {
  static constexpr uint32_t kLeadMask[] = {0, 0x7f, 0x1f, 0x0f, 0x07};
  static constexpr uint32_t kLeast[] = {0, 0, 0x80, 0x800, 0x10000};
  const size_t length = sequence.size();
  *code = static_cast<unsigned char>(sequence[0]) & kLeadMask[length];
  for (char c : sequence.substr(1)) {
    const unsigned char byte = static_cast<unsigned char>(c);
    if ((byte & 0xc0) != 0x80) return false;
    *code = (*code << 6) | (byte & 0x3f);
  }
  return *code >= kLeast[length] && *code <= 0x10ffff && (*code < 0xd800 || *code > 0xdfff);
}

}  // namespace

bool IsSafeText(std::string_view text) {
  if (text.empty()) return false;
  while (!text.empty()) {
    const size_t length = SequenceLength(static_cast<unsigned char>(text[0]));
    if (length == 0 || length > text.size()) return false;
    uint32_t code;
    if (!Decode(text.substr(0, length), &code)) return false;
    if (code < 0x20 || (code >= 0x7f && code <= 0x9f)) return false;
    text.remove_prefix(length);
  }
  return true;
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
