// Converts between the byte types of this package (std::string, std::string_view) and of the
// library (CBS, uint8_t*). Nothing is copied: a result is valid as long as the bytes it was made
// from. For .cc files only; headers use only forward-declared types of the library.

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

// Returns a buffer of `bytes.size()` bytes for the library to write to.
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

// Returns the content octets of any ASN.1 string type; empty for null.
inline std::string_view View(const ASN1_STRING* string) {
  if (string == nullptr) return {};
  return View(ASN1_STRING_get0_data(string), static_cast<size_t>(ASN1_STRING_length(string)));
}

// Returns the content octets of an OBJECT IDENTIFIER.
inline std::string_view View(const ASN1_OBJECT* object) {
  return View(OBJ_get0_data(object), OBJ_length(object));
}

}  // namespace mantlet::x509

#endif  // MANTLET_PROXY_X509_BYTE_VIEW_H_
