// Writes the DER (X.690) elements that the issuer's extensions need.

#ifndef MANTLET_PROXY_X509_DER_WRITER_H_
#define MANTLET_PROXY_X509_DER_WRITER_H_

#include <string>
#include <string_view>

namespace mantlet::x509::der {

// Identifier octets.
inline constexpr unsigned char kBoolean = 0x01;
inline constexpr unsigned char kInteger = 0x02;
inline constexpr unsigned char kBitString = 0x03;
inline constexpr unsigned char kOctetString = 0x04;
inline constexpr unsigned char kUtf8String = 0x0c;
inline constexpr unsigned char kSequence = 0x30;
// [n], primitive and constructed.
constexpr unsigned char Context(int n) { return static_cast<unsigned char>(0x80 | n); }
constexpr unsigned char ContextConstructed(int n) { return static_cast<unsigned char>(0xa0 | n); }

inline std::string Element(unsigned char tag, std::string_view content) {
  std::string length;
  for (size_t rest = content.size(); rest != 0; rest >>= 8) {
    length.insert(length.begin(), static_cast<char>(rest & 0xff));
  }
  std::string element(1, static_cast<char>(tag));
  if (content.size() < 128) {
    element += static_cast<char>(content.size());
  } else {
    element += static_cast<char>(0x80 | length.size());
    element += length;
  }
  element += content;
  return element;
}

}  // namespace mantlet::x509::der

#endif  // MANTLET_PROXY_X509_DER_WRITER_H_
