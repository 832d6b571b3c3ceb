#include "proxy/x509/signature_scheme.h"

#include <openssl/bytestring.h>
#include <openssl/curve25519.h>
#include <openssl/digest.h>
#include <openssl/evp.h>
#include <openssl/mem.h>
#include <openssl/nid.h>
#include <openssl/obj.h>
#include <openssl/rsa.h>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "proxy/x509/byte_view.h"
#include "proxy/x509/openssl_errors.h"
#include "proxy/x509/public_key.h"

namespace mantlet::x509 {
namespace {

struct Known {
  int nid;
  int key_type;
  const EVP_MD* (*digest)();
};
constexpr Known kKnown[] = {
    {NID_sha256WithRSAEncryption, EVP_PKEY_RSA, EVP_sha256},
    {NID_sha384WithRSAEncryption, EVP_PKEY_RSA, EVP_sha384},
    {NID_sha512WithRSAEncryption, EVP_PKEY_RSA, EVP_sha512},
    {NID_ecdsa_with_SHA256, EVP_PKEY_EC, EVP_sha256},
    {NID_ecdsa_with_SHA384, EVP_PKEY_EC, EVP_sha384},
    {NID_ecdsa_with_SHA512, EVP_PKEY_EC, EVP_sha512},
    {NID_ED25519, EVP_PKEY_ED25519, nullptr},
};

// Returns the digest of RSASSA-PSS-params (RFC 4055, 3.1): a supported digest, the same one in
// MGF1, and a salt as long as the digest. Returns null for all others.
const EVP_MD* PssDigest(CBS* parameters) {
  CBS params, hash, mask, mask_oid, salt;
  uint64_t salt_length = 0;
  constexpr CBS_ASN1_TAG kTag = CBS_ASN1_CONSTRUCTED | CBS_ASN1_CONTEXT_SPECIFIC;
  if (!CBS_get_asn1(parameters, &params, CBS_ASN1_SEQUENCE) || CBS_len(parameters) != 0 ||
      !CBS_get_asn1(&params, &hash, kTag | 0) || !CBS_get_asn1(&params, &mask, kTag | 1) ||
      !CBS_get_asn1(&params, &salt, kTag | 2)) {
    return nullptr;
  }
  const EVP_MD* digest = EVP_parse_digest_algorithm(&hash);
  CBS mask_sequence;
  if (digest == nullptr || CBS_len(&hash) != 0 ||
      !CBS_get_asn1(&mask, &mask_sequence, CBS_ASN1_SEQUENCE) ||
      !CBS_get_asn1(&mask_sequence, &mask_oid, CBS_ASN1_OBJECT) ||
      OBJ_cbs2nid(&mask_oid) != NID_mgf1 || EVP_parse_digest_algorithm(&mask_sequence) != digest ||
      !CBS_get_asn1_uint64(&salt, &salt_length) || salt_length != EVP_MD_size(digest)) {
    return nullptr;
  }
  const int type = EVP_MD_type(digest);
  return type == NID_sha256 || type == NID_sha384 || type == NID_sha512 ? digest : nullptr;
}

std::string NameOf(const CBS& oid, int nid) {
  if (nid != NID_undef) return OBJ_nid2ln(nid);
  bssl::UniquePtr<char> dotted(CBS_asn1_oid_to_text(&oid));
  return dotted == nullptr ? "unknown" : dotted.get();
}

}  // namespace

absl::StatusOr<SignatureScheme> SignatureScheme::Parse(std::string_view der) {
  CBS in = AsCbs(der), sequence, oid;
  if (!CBS_get_asn1(&in, &sequence, CBS_ASN1_SEQUENCE) || CBS_len(&in) != 0 ||
      !CBS_get_asn1(&sequence, &oid, CBS_ASN1_OBJECT)) {
    return absl::InvalidArgumentError("its signature algorithm cannot be parsed");
  }
  const int nid = OBJ_cbs2nid(&oid);
  SignatureScheme scheme;
  scheme.text_ = NameOf(oid, nid);
  if (nid == NID_rsassaPss) {
    scheme.key_type_ = EVP_PKEY_RSA;
    scheme.pss_ = true;
    scheme.digest_ = PssDigest(&sequence);
    ClearErrors();
    if (scheme.digest_ != nullptr) return scheme;
  }
  for (const Known& known : kKnown) {
    if (known.nid != nid) continue;
    scheme.key_type_ = known.key_type;
    scheme.digest_ = known.digest == nullptr ? nullptr : known.digest();
    // RSA has NULL parameters, which some signers omit; the others have none.
    const bool rsa_null = known.key_type == EVP_PKEY_RSA && CBS_len(&sequence) == 2 &&
                          CBS_data(&sequence)[0] == CBS_ASN1_NULL && CBS_data(&sequence)[1] == 0;
    if (CBS_len(&sequence) == 0 || rsa_null) return scheme;
  }
  return absl::InvalidArgumentError(absl::StrCat(
      "its signature algorithm (", scheme.text_,
      ") is not accepted; RSA and ECDSA with SHA-256, SHA-384 or SHA-512, and Ed25519, are"));
}

bool SignatureScheme::Verify(EVP_PKEY* key, std::string_view signed_bytes,
                             std::string_view signature) const {
  if (IsWeakKey(key) || EVP_PKEY_id(key) != key_type_) return false;
  bool ok = false;
  if (digest_ == nullptr) {
    bssl::ScopedEVP_MD_CTX context;
    ok = EVP_DigestVerifyInit(context.get(), nullptr, nullptr, nullptr, key) &&
         EVP_DigestVerify(context.get(), Data(signature), signature.size(), Data(signed_bytes),
                          signed_bytes.size());
  } else {
    bssl::UniquePtr<EVP_PKEY_CTX> context(EVP_PKEY_CTX_new(key, nullptr));
    ok = context != nullptr && EVP_PKEY_verify_init(context.get()) &&
         EVP_PKEY_CTX_set_signature_md(context.get(), digest_);
    if (ok && pss_) {
      ok = EVP_PKEY_CTX_set_rsa_padding(context.get(), RSA_PKCS1_PSS_PADDING) &&
           EVP_PKEY_CTX_set_rsa_mgf1_md(context.get(), digest_) &&
           EVP_PKEY_CTX_set_rsa_pss_saltlen(context.get(), -1);
    }
    ok = ok && EVP_PKEY_verify(context.get(), Data(signature), signature.size(), Data(signed_bytes),
                               signed_bytes.size());
  }
  ClearErrors();
  return ok;
}

}  // namespace mantlet::x509
