#include "proxy/x509/hex.h"

#include <openssl/sha.h>

#include <cstdint>

#include "proxy/x509/byte_view.h"

namespace mantlet::x509 {

std::string Hex(std::string_view bytes) {
  static constexpr char kDigits[] = "0123456789abcdef";
  std::string text;
  text.reserve(bytes.size() * 2);
  for (unsigned char byte : bytes) {
    text += kDigits[byte >> 4];
    text += kDigits[byte & 15];
  }
  return text;
}

std::string Sha256Hex(std::string_view bytes) {
  uint8_t digest[SHA256_DIGEST_LENGTH];
  SHA256(Data(bytes), bytes.size(), digest);
  return Hex(View(digest, sizeof(digest)));
}

std::string Sha1Hex(std::string_view bytes) {
  uint8_t digest[SHA_DIGEST_LENGTH];
  SHA1(Data(bytes), bytes.size(), digest);
  return Hex(View(digest, sizeof(digest)));
}

}  // namespace mantlet::x509
