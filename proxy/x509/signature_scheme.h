// SignatureScheme is the signature algorithm of a revocation list or an OCSP response (the
// AlgorithmIdentifiers of RFC 3279, 4055, 5758 and 8410), if it is supported. It verifies a
// signature over a digest that was computed before: a list of a million entries is hashed once, not
// for every key that is tried.

#ifndef MANTLET_PROXY_X509_SIGNATURE_SCHEME_H_
#define MANTLET_PROXY_X509_SIGNATURE_SCHEME_H_

#include <string>
#include <string_view>

#include "absl/status/statusor.h"

struct env_md_st;    // EVP_MD
struct evp_pkey_st;  // EVP_PKEY

namespace mantlet::x509 {

class SignatureScheme {
 public:
  // Supports RSA (PKCS #1 1.5 and PSS) and ECDSA with SHA-256, -384 and -512, and Ed25519. For any
  // other algorithm it returns an error that names it. `der` must be exactly the
  // AlgorithmIdentifier.
  static absl::StatusOr<SignatureScheme> Parse(std::string_view der);

  // Returns OpenSSL's name, e.g. "ecdsa-with-SHA256".
  const std::string& text() const { return text_; }
  // Returns null for Ed25519, which signs the bytes themselves.
  const env_md_st* digest() const { return digest_; }

  // `signed_bytes` is their digest(), or the bytes themselves if there is none. Returns false for a
  // key that is weak or of another kind. Any thread; leaves the error queue empty.
  bool Verify(evp_pkey_st* key, std::string_view signed_bytes, std::string_view signature) const;

 private:
  int key_type_ = 0;  // EVP_PKEY_…
  bool pss_ = false;
  const env_md_st* digest_ = nullptr;
  std::string text_;
};

}  // namespace mantlet::x509

#endif  // MANTLET_PROXY_X509_SIGNATURE_SCHEME_H_
