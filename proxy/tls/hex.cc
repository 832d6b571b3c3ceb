#include "proxy/tls/hex.h"

#include <openssl/sha.h>

#include <cstdint>

namespace mantlet::tls {
namespace {

std::string_view AsText(const uint8_t* bytes, size_t size) {
  return {reinterpret_cast<const char*>(bytes), size};
}

}  // namespace

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
  SHA256(reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size(), digest);
  return Hex(AsText(digest, sizeof(digest)));
}

std::string Sha1Hex(std::string_view bytes) {
  uint8_t digest[SHA_DIGEST_LENGTH];
  SHA1(reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size(), digest);
  return Hex(AsText(digest, sizeof(digest)));
}

}  // namespace mantlet::tls
