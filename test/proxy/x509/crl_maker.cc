#include "test/proxy/x509/crl_maker.h"

#include <openssl/asn1.h>
#include <openssl/evp.h>
#include <openssl/mem.h>
#include <openssl/x509.h>

#include <cstdio>
#include <cstdlib>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "proxy/x509/der_writer.h"
#include "test/proxy/x509/pki.h"

namespace mantlet::x509 {

using der::Element;

CrlTemplate CrlTemplate::Revoking(const std::vector<const Credential*>& credentials) {
  CrlTemplate what;
  what.this_update = kNow - kDay;
  what.next_update = kNow + 6 * kDay;
  for (const Credential* credential : credentials) {
    what.entries.push_back({SerialOf(*credential->certificate), ""});
  }
  return what;
}

std::string Extension(std::string_view oid_content, bool critical, std::string_view value) {
  return Element(der::kSequence,
                 absl::StrCat(Element(0x06, oid_content),
                              critical ? Element(der::kBoolean, "\xff") : std::string(),
                              Element(der::kOctetString, value)));
}

std::string SerialOf(const Certificate& certificate) {
  uint8_t* der = nullptr;
  const int size = i2d_ASN1_INTEGER(X509_get0_serialNumber(certificate.x509()), &der);
  std::string content(reinterpret_cast<const char*>(der) + 2, static_cast<size_t>(size) - 2);
  OPENSSL_free(der);
  return content;
}

std::string Time(int64_t seconds) {
  const absl::Time time = absl::FromUnixSeconds(seconds);
  const bool utc = absl::ToCivilYear(time, absl::UTCTimeZone()).year() < 2050;
  return Element(utc ? 0x17 : 0x18, absl::FormatTime(utc ? "%y%m%d%H%M%SZ" : "%Y%m%d%H%M%SZ", time,
                                                     absl::UTCTimeZone()));
}

std::string AlgorithmOf(const PrivateKey& key) {
  switch (key.public_key().kind) {
    case KeyKind::kRsa:
      return std::string("\x30\x0d\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0b\x05\x00", 15);
    case KeyKind::kEd25519:
      return std::string("\x30\x05\x06\x03\x2b\x65\x70", 7);
    default:
      return std::string("\x30\x0a\x06\x08\x2a\x86\x48\xce\x3d\x04\x03\x02", 12);
  }
}

std::string Sign(std::string_view bytes, const PrivateKey& key) {
  const bool plain = key.public_key().kind == KeyKind::kEd25519;
  bssl::ScopedEVP_MD_CTX context;
  uint8_t signature[1024];
  size_t size = sizeof(signature);
  if (!EVP_DigestSignInit(context.get(), nullptr, plain ? nullptr : EVP_sha256(), nullptr,
                          key.pkey()) ||
      !EVP_DigestSign(context.get(), signature, &size,
                      reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size())) {
    std::fprintf(stderr, "cannot sign\n");
    std::abort();
  }
  return {reinterpret_cast<const char*>(signature), size};
}

std::string MakeCrl(const CrlTemplate& what, const Credential& signer) {
  const std::string algorithm = what.algorithm.empty() ? AlgorithmOf(*signer.key) : what.algorithm;
  std::string tbs;
  if (what.version == 2) tbs += Element(der::kInteger, "\x01");
  tbs += what.inner_algorithm.empty() ? algorithm : what.inner_algorithm;
  tbs += what.issuer_der.empty() ? signer.certificate->subject_der() : what.issuer_der;
  tbs += Time(what.this_update);
  if (what.next_update != 0) tbs += Time(what.next_update);
  std::string entries;
  for (const CrlTemplate::Entry& entry : what.entries) {
    entries +=
        Element(der::kSequence,
                absl::StrCat(Element(der::kInteger, entry.serial), Time(what.this_update),
                             entry.extensions.empty() ? std::string()
                                                      : Element(der::kSequence, entry.extensions)));
  }
  if (!entries.empty()) tbs += Element(der::kSequence, entries);
  std::string extensions = what.extensions;
  if (what.version == 2 && what.number.has_value()) {
    extensions +=
        Extension("\x55\x1d\x14", false,
                  Element(der::kInteger, std::string(1, static_cast<char>(*what.number))));
  }
  if (!extensions.empty()) {
    tbs += Element(der::ContextConstructed(0), Element(der::kSequence, extensions));
  }
  tbs = Element(der::kSequence, tbs);
  return Element(
      der::kSequence,
      absl::StrCat(tbs, algorithm,
                   Element(der::kBitString, std::string(1, '\0') + Sign(tbs, *signer.key))));
}

RevocationListPtr List(const CrlTemplate& what, const Credential& signer) {
  auto list = RevocationList::FromDer(MakeCrl(what, signer));
  if (!list.ok()) {
    std::fprintf(stderr, "%s\n", list.status().ToString().c_str());
    std::abort();
  }
  return *std::move(list);
}

}  // namespace mantlet::x509
