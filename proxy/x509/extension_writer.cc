#include "proxy/x509/extension_writer.h"

#include <arpa/inet.h>
#include <openssl/asn1.h>
#include <openssl/bytestring.h>
#include <openssl/evp.h>
#include <openssl/mem.h>
#include <openssl/obj.h>
#include <openssl/sha.h>

#include <algorithm>
#include <cstdint>
#include <iterator>
#include <string_view>

#include "proxy/x509/byte_view.h"
#include "proxy/x509/der_writer.h"

namespace mantlet::x509 {
namespace {

constexpr char kSubjectKeyIdOid[] = "2.5.29.14";
constexpr char kKeyUsageOid[] = "2.5.29.15";
constexpr char kSubjectAltNameOid[] = "2.5.29.17";
constexpr char kBasicConstraintsOid[] = "2.5.29.19";
constexpr char kAuthorityKeyIdOid[] = "2.5.29.35";
constexpr char kExtendedKeyUsageOid[] = "2.5.29.37";

// The tags of GeneralName (RFC 5280, 4.2.1.6).
constexpr int kOtherName = 0, kRfc822Name = 1, kDnsName = 2, kUri = 6, kIpAddress = 7;

std::string AddressBytes(const std::string& text) {
  uint8_t bytes[16];
  if (inet_pton(AF_INET, text.c_str(), bytes) == 1) {
    return std::string(View(bytes, 4));
  }
  if (inet_pton(AF_INET6, text.c_str(), bytes) == 1) {
    return std::string(View(bytes, 16));
  }
  return "";
}

std::string SubjectAltName(const SubjectAltNames& san) {
  std::string names;
  for (const std::string& dns : san.dns) names += der::Element(der::Context(kDnsName), dns);
  for (const std::string& ip : san.ip) {
    names += der::Element(der::Context(kIpAddress), AddressBytes(ip));
  }
  for (const std::string& uri : san.uri) names += der::Element(der::Context(kUri), uri);
  for (const std::string& email : san.email) {
    names += der::Element(der::Context(kRfc822Name), email);
  }
  for (const std::string& upn : san.upn) {
    names += der::Element(
        der::ContextConstructed(kOtherName),
        std::string("\x06\x0a\x2b\x06\x01\x04\x01\x82\x37\x14\x02\x03", 12) +
            der::Element(der::ContextConstructed(0), der::Element(der::kUtf8String, upn)));
  }
  return der::Element(der::kSequence, names);
}

std::string BasicConstraints(bool ca, int path_length) {
  std::string content;
  if (ca) content += der::Element(der::kBoolean, "\xff");
  if (ca && path_length >= 0) {
    content += der::Element(der::kInteger, std::string(1, static_cast<char>(path_length & 0x7f)));
  }
  return der::Element(der::kSequence, content);
}

std::string KeyUsage(const std::vector<std::string>& usages) {
  static constexpr std::string_view kBits[] = {
      "digitalSignature", "contentCommitment", "keyEncipherment", "dataEncipherment",
      "keyAgreement",     "keyCertSign",       "cRLSign"};
  uint8_t bits = 0;
  for (const std::string& usage : usages) {
    auto found = std::find(std::begin(kBits), std::end(kBits), usage);
    if (found != std::end(kBits)) bits |= 0x80 >> (found - std::begin(kBits));
  }
  // DER omits trailing zero bits and stores their number.
  int unused = 0;
  while (unused < 7 && ((bits >> unused) & 1) == 0) ++unused;
  return der::Element(der::kBitString,
                      std::string{static_cast<char>(unused), static_cast<char>(bits)});
}

std::string ObjectIdentifier(const std::string& name) {
  bssl::UniquePtr<ASN1_OBJECT> object(OBJ_txt2obj(name.c_str(), /*dont_search_names=*/0));
  if (object == nullptr) return "";
  uint8_t* bytes = nullptr;
  int size = i2d_ASN1_OBJECT(object.get(), &bytes);
  if (size < 0) return "";
  std::string encoded(View(bytes, static_cast<size_t>(size)));
  OPENSSL_free(bytes);
  return encoded;
}

std::string ExtendedKeyUsage(const std::vector<std::string>& usages) {
  std::string content;
  for (const std::string& usage : usages) content += ObjectIdentifier(usage);
  return der::Element(der::kSequence, content);
}

std::vector<std::string> DefaultKeyUsage(bool ca) {
  if (ca) return {"keyCertSign", "cRLSign"};
  return {"digitalSignature"};
}

}  // namespace

std::string SubjectKeyId(const PrivateKey& key) {
  bssl::ScopedCBB cbb;
  uint8_t digest[SHA256_DIGEST_LENGTH] = {};
  if (CBB_init(cbb.get(), 128) && EVP_marshal_public_key(cbb.get(), key.pkey())) {
    SHA256(CBB_data(cbb.get()), CBB_len(cbb.get()), digest);
  }
  return std::string(View(digest, 20));
}

std::vector<Extension> ExtensionsFor(const CertificateTemplate& what,
                                     const std::string& subject_key_id,
                                     const std::string& issuer_key_id) {
  std::vector<Extension> extensions;
  if (what.basic_constraints) {
    extensions.push_back({kBasicConstraintsOid, true, BasicConstraints(what.ca, what.path_length)});
  }
  if (!what.no_key_usage) {
    extensions.push_back(
        {kKeyUsageOid, true,
         KeyUsage(what.key_usage.empty() ? DefaultKeyUsage(what.ca) : what.key_usage)});
  }
  if (!what.extended_key_usage.empty()) {
    extensions.push_back({kExtendedKeyUsageOid, false, ExtendedKeyUsage(what.extended_key_usage)});
  }
  if (!what.san.empty()) {
    // The extension is critical if the subject is empty (RFC 5280, 4.2.1.6).
    extensions.push_back({kSubjectAltNameOid, what.subject.empty(), SubjectAltName(what.san)});
  }
  extensions.push_back({kSubjectKeyIdOid, false, der::Element(der::kOctetString, subject_key_id)});
  if (!what.no_authority_key_id) {
    extensions.push_back(
        {kAuthorityKeyIdOid, false,
         der::Element(der::kSequence, der::Element(der::Context(0), issuer_key_id))});
  }
  extensions.insert(extensions.end(), what.raw_extensions.begin(), what.raw_extensions.end());
  return extensions;
}

}  // namespace mantlet::x509
