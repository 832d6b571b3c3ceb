#include "test/proxy/x509/ocsp_maker.h"

#include <openssl/asn1.h>
#include <openssl/sha.h>
#include <openssl/x509.h>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "proxy/x509/der_writer.h"
#include "test/proxy/x509/crl_maker.h"
#include "test/proxy/x509/pki.h"

namespace mantlet::x509 {
namespace {

using der::Element;

std::string Sha1(std::string_view bytes) {
  std::string digest(SHA_DIGEST_LENGTH, '\0');
  SHA1(reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size(),
       reinterpret_cast<uint8_t*>(digest.data()));
  return digest;
}

std::string GeneralizedTime(int64_t seconds) {
  return Element(
      0x18, absl::FormatTime("%Y%m%d%H%M%SZ", absl::FromUnixSeconds(seconds), absl::UTCTimeZone()));
}

std::string KeyBits(const Certificate& certificate) {
  const ASN1_BIT_STRING* bits = X509_get0_pubkey_bitstr(certificate.x509());
  return {reinterpret_cast<const char*>(ASN1_STRING_get0_data(bits)),
          static_cast<size_t>(ASN1_STRING_length(bits))};
}

}  // namespace

OcspTemplate OcspTemplate::Good() {
  OcspTemplate what;
  what.this_update = kNow - 3600;
  what.next_update = kNow + kDay;
  return what;
}

std::string MakeOcsp(const OcspTemplate& what, const Certificate& leaf, const Credential& issuer) {
  const std::string code = Element(0x0a, std::string(1, static_cast<char>(what.code)));
  if (what.code != 0) return Element(der::kSequence, code);
  const Credential& signer = what.responder == nullptr ? issuer : *what.responder;
  const std::string id = Element(
      der::kSequence,
      absl::StrCat(
          std::string("\x30\x09\x06\x05\x2b\x0e\x03\x02\x1a\x05\x00", 11),  // SHA-1
          Element(der::kOctetString, Sha1(what.leafs_encoding ? leaf.issuer_der()
                                                              : issuer.certificate->subject_der())),
          Element(der::kOctetString, Sha1(KeyBits(*issuer.certificate))),
          Element(der::kInteger, what.serial.empty() ? SerialOf(leaf) : what.serial)));
  const std::string single = Element(
      der::kSequence,
      absl::StrCat(id, what.status, GeneralizedTime(what.this_update),
                   what.next_update == 0
                       ? std::string()
                       : Element(der::ContextConstructed(0), GeneralizedTime(what.next_update))));
  const std::string data =
      Element(der::kSequence,
              absl::StrCat(Element(der::ContextConstructed(1), signer.certificate->subject_der()),
                           GeneralizedTime(what.this_update), Element(der::kSequence, single)));
  std::string basic =
      absl::StrCat(data, AlgorithmOf(*signer.key),
                   Element(der::kBitString, std::string(1, '\0') + Sign(data, *signer.key)));
  if (what.with_certificate) {
    basic +=
        Element(der::ContextConstructed(0), Element(der::kSequence, signer.certificate->der()));
  }
  const std::string bytes =
      absl::StrCat(std::string("\x06\x09\x2b\x06\x01\x05\x05\x07\x30\x01\x01", 11),
                   Element(der::kOctetString, Element(der::kSequence, basic)));
  return Element(der::kSequence, absl::StrCat(code, Element(der::ContextConstructed(0),
                                                            Element(der::kSequence, bytes))));
}

}  // namespace mantlet::x509
