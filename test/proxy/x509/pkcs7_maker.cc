#include "test/proxy/x509/pkcs7_maker.h"

#include <openssl/bytestring.h>
#include <openssl/mem.h>
#include <openssl/pkcs7.h>
#include <openssl/pkcs8.h>
#include <openssl/pool.h>
#include <openssl/stack.h>
#include <openssl/x509.h>

#include <cstdint>
#include <cstdlib>

#include "proxy/x509/byte_view.h"

namespace mantlet::x509 {
namespace {

void Require(bool condition) {
  if (!condition) abort();
}

std::string Taken(uint8_t* bytes, size_t size) {
  std::string taken(View(bytes, size));
  OPENSSL_free(bytes);
  return taken;
}

std::string Element(unsigned tag, std::string_view content) {
  std::string element(1, static_cast<char>(tag));
  if (content.size() >= 0x100) {
    element += '\x82';
    element += static_cast<char>(content.size() >> 8);
  } else if (content.size() >= 0x80) {
    element += '\x81';
  }
  element += static_cast<char>(content.size() & 0xff);
  return element.append(content);
}

// SEQUENCE { type, [0] EXPLICIT value }
std::string Typed(std::string_view type, std::string_view value) {
  return Element(0x30, Element(0x06, type) + Element(0xa0, value));
}

}  // namespace

std::string MakePkcs7(const std::vector<CertificatePtr>& certificates) {
  bssl::UniquePtr<STACK_OF(CRYPTO_BUFFER)> stack(sk_CRYPTO_BUFFER_new_null());
  for (const CertificatePtr& certificate : certificates) {
    const std::string& der = certificate->der();
    Require(sk_CRYPTO_BUFFER_push(stack.get(), CRYPTO_BUFFER_new(Data(der), der.size(), nullptr)) !=
            0);
  }
  bssl::ScopedCBB cbb;
  uint8_t* bytes = nullptr;
  size_t size = 0;
  Require(CBB_init(cbb.get(), 1024) && PKCS7_bundle_raw_certificates(cbb.get(), stack.get()) &&
          CBB_finish(cbb.get(), &bytes, &size));
  return Taken(bytes, size);
}

std::string WithIndefiniteLength(const std::string& pkcs7) {
  CBS in = AsCbs(pkcs7), content, type, wrapped;
  Require(CBS_get_asn1(&in, &content, CBS_ASN1_SEQUENCE) &&
          CBS_get_asn1_element(&content, &type, CBS_ASN1_OBJECT) &&
          CBS_get_asn1(&content, &wrapped, CBS_ASN1_CONTEXT_SPECIFIC | CBS_ASN1_CONSTRUCTED | 0));
  const std::string end(2, '\0');
  return "\x30\x80" + std::string(View(type)) + "\xa0\x80" + std::string(View(wrapped)) + end + end;
}

std::string MakeTrustStore(const CertificatePtr& certificate, const std::string& passphrase) {
  bssl::UniquePtr<PKCS12> pkcs12(PKCS12_create(passphrase.c_str(), nullptr, nullptr,
                                               certificate->x509(), nullptr, 0, 0, 0, 0, 0));
  uint8_t* bytes = nullptr;
  const int size = pkcs12 == nullptr ? -1 : i2d_PKCS12(pkcs12.get(), &bytes);
  Require(size > 0);
  return Taken(bytes, static_cast<size_t>(size));
}

std::string MakePlainTrustStore(const CertificatePtr& certificate, std::string_view bag) {
  constexpr std::string_view kX509 = "\x2a\x86\x48\x86\xf7\x0d\x01\x09\x16\x01";
  constexpr std::string_view kData = "\x2a\x86\x48\x86\xf7\x0d\x01\x07\x01";
  const std::string bags =
      Element(0x30, Typed(bag, Typed(kX509, Element(0x04, certificate->der()))));
  const std::string safes = Element(0x30, Typed(kData, Element(0x04, bags)));
  return Element(0x30, Element(0x02, "\x03") + Typed(kData, Element(0x04, safes)));
}

}  // namespace mantlet::x509
