// SignatureScheme is how a revocation list or an OCSP response is signed (the AlgorithmIdentifiers
// of RFC 3279, 4055, 5758 and 8410), as far as it is accepted. It verifies such a signature over a
// digest that was computed before: a list of a million entries is hashed once, not for every key
// that is tried.

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
  // RSA (PKCS #1 1.5 and PSS) and ECDSA with SHA-256, -384 and -512, and Ed25519.
  // Everything else is an error that names it. All of `der` is the
  // AlgorithmIdentifier.
  static absl::StatusOr<SignatureScheme> Parse(std::string_view der);

  // As OpenSSL names it: "ecdsa-with-SHA256".
  const std::string& text() const { return text_; }
  // Null: Ed25519, which signs the bytes themselves.
  const env_md_st* digest() const { return digest_; }

  // `signed_bytes`: their digest(), or themselves where there is none. A key that
  // is weak or of another kind verifies nothing. Any thread; leaves the error
  // queue empty.
  bool Verify(evp_pkey_st* key, std::string_view signed_bytes, std::string_view signature) const;

 private:
  int key_type_ = 0;  // EVP_PKEY_…
  bool pss_ = false;
  const env_md_st* digest_ = nullptr;
  std::string text_;
};

}  // namespace mantlet::x509

#endif  // MANTLET_PROXY_X509_SIGNATURE_SCHEME_H_
