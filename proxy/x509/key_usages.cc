#include "proxy/x509/key_usages.h"

#include <openssl/asn1.h>
#include <openssl/nid.h>
#include <openssl/obj.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <cstddef>
#include <cstdint>
#include <utility>

namespace mantlet::x509 {
namespace {

bssl::UniquePtr<EXTENDED_KEY_USAGE> Read(const X509* x509) {
  return bssl::UniquePtr<EXTENDED_KEY_USAGE>(static_cast<EXTENDED_KEY_USAGE*>(
      X509_get_ext_d2i(x509, NID_ext_key_usage, nullptr, nullptr)));
}

}  // namespace

std::vector<std::string> KeyUsageNames(X509* x509) {
  static constexpr std::pair<uint32_t, const char*> kNames[] = {
      {KU_DIGITAL_SIGNATURE, "digitalSignature"},
      {KU_NON_REPUDIATION, "contentCommitment"},
      {KU_KEY_ENCIPHERMENT, "keyEncipherment"},
      {KU_DATA_ENCIPHERMENT, "dataEncipherment"},
      {KU_KEY_AGREEMENT, "keyAgreement"},
      {KU_KEY_CERT_SIGN, "keyCertSign"},
      {KU_CRL_SIGN, "cRLSign"},
      {KU_ENCIPHER_ONLY, "encipherOnly"},
      {KU_DECIPHER_ONLY, "decipherOnly"}};
  std::vector<std::string> names;
  if ((X509_get_extension_flags(x509) & EXFLAG_KUSAGE) == 0) return names;
  const uint32_t usage = X509_get_key_usage(x509);
  for (const auto& [bit, name] : kNames) {
    if ((usage & bit) != 0) names.emplace_back(name);
  }
  return names;
}

std::vector<std::string> ExtendedKeyUsageNames(const X509* x509) {
  std::vector<std::string> names;
  const bssl::UniquePtr<EXTENDED_KEY_USAGE> usages = Read(x509);
  if (usages == nullptr) return names;
  for (size_t i = 0; i < sk_ASN1_OBJECT_num(usages.get()); ++i) {
    const ASN1_OBJECT* usage = sk_ASN1_OBJECT_value(usages.get(), i);
    const int nid = OBJ_obj2nid(usage);
    char dotted[128] = "";
    if (nid == NID_undef) OBJ_obj2txt(dotted, sizeof(dotted), usage, 1);
    names.emplace_back(nid == NID_undef ? dotted : OBJ_nid2sn(nid));
  }
  return names;
}

bool IsServerAuthOnly(const X509* x509) {
  const bssl::UniquePtr<EXTENDED_KEY_USAGE> usages = Read(x509);
  return usages != nullptr && sk_ASN1_OBJECT_num(usages.get()) == 1 &&
         OBJ_obj2nid(sk_ASN1_OBJECT_value(usages.get(), 0)) == NID_server_auth;
}

}  // namespace mantlet::x509
