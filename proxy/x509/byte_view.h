// Converts between bytes as this package holds them (std::string, std::string_view) and as the
// library takes them (CBS, uint8_t*). Nothing is copied: a result is valid as long as the bytes
// that it was made of. For .cc files; headers name none of the library's types but pointers.

#ifndef MANTLET_PROXY_X509_BYTE_VIEW_H_
#define MANTLET_PROXY_X509_BYTE_VIEW_H_

#include <openssl/asn1.h>
#include <openssl/bytestring.h>
#include <openssl/obj.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace mantlet::x509 {

inline const uint8_t* Data(std::string_view bytes) {
  return reinterpret_cast<const uint8_t*>(bytes.data());
}

// For the library to write to, up to `bytes.size()`.
inline uint8_t* MutableData(std::string& bytes) { return reinterpret_cast<uint8_t*>(bytes.data()); }

inline CBS AsCbs(std::string_view bytes) {
  CBS cbs;
  CBS_init(&cbs, Data(bytes), bytes.size());
  return cbs;
}

inline std::string_view View(const uint8_t* data, size_t size) {
  return {reinterpret_cast<const char*>(data), size};
}

inline std::string_view View(const CBS& cbs) { return View(CBS_data(&cbs), CBS_len(&cbs)); }

// The content octets of any of ASN.1's string types; null: none.
inline std::string_view View(const ASN1_STRING* string) {
  if (string == nullptr) return {};
  return View(ASN1_STRING_get0_data(string), static_cast<size_t>(ASN1_STRING_length(string)));
}

// The content octets of an OBJECT IDENTIFIER.
inline std::string_view View(const ASN1_OBJECT* object) {
  return View(OBJ_get0_data(object), OBJ_length(object));
}

}  // namespace mantlet::x509

#endif  // MANTLET_PROXY_X509_BYTE_VIEW_H_
