#include "proxy/base/utf8.h"

#include <cstdint>

namespace mantlet::base {
namespace {

uint8_t Byte(std::string_view bytes, size_t i) { return static_cast<uint8_t>(bytes[i]); }

}  // namespace

size_t Utf8SequenceLength(std::string_view bytes, size_t i) {
  const uint8_t lead = Byte(bytes, i);
  size_t length;
  uint8_t low = 0x80;
  uint8_t high = 0xBF;  // upper bound of the second byte
  if (lead < 0x80) return 1;
  if (lead >= 0xC2 && lead <= 0xDF) {
    length = 2;
  } else if (lead >= 0xE0 && lead <= 0xEF) {
    length = 3;
    if (lead == 0xE0) low = 0xA0;   // overlong
    if (lead == 0xED) high = 0x9F;  // surrogates
  } else if (lead >= 0xF0 && lead <= 0xF4) {
    length = 4;
    if (lead == 0xF0) low = 0x90;   // overlong
    if (lead == 0xF4) high = 0x8F;  // over U+10FFFF
  } else {
    return 0;
  }
  if (bytes.size() - i < length) return 0;
  if (Byte(bytes, i + 1) < low || Byte(bytes, i + 1) > high) return 0;
  for (size_t k = 2; k < length; ++k) {
    if ((Byte(bytes, i + k) & 0xC0) != 0x80) return 0;
  }
  return length;
}

std::string ValidUtf8(std::string_view bytes) {
  std::string valid;
  valid.reserve(bytes.size());
  for (size_t i = 0; i < bytes.size();) {
    const size_t length = Utf8SequenceLength(bytes, i);
    valid.append(length == 0 ? kUtf8Replacement : bytes.substr(i, length));
    i += length == 0 ? 1 : length;
  }
  return valid;
}

}  // namespace mantlet::base
