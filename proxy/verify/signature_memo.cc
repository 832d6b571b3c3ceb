#include "proxy/verify/signature_memo.h"

#include <openssl/evp.h>
#include <openssl/x509.h>

namespace mantlet::verify {
namespace {

// Returns the cost of a verification with this key, in P-256 verifications.
int Cost(const EVP_PKEY* key) {
  const int bits = EVP_PKEY_bits(key);
  switch (EVP_PKEY_id(key)) {
    case EVP_PKEY_RSA:
      if (bits <= 4096) return 1;
      return bits <= 8192 ? 4 : 16;
    case EVP_PKEY_EC:
      return bits <= 256 ? 1 : 12;
    default:
      return 1;
  }
}

}  // namespace

bool SignatureMemo::Verify(const PathCertificate& certificate, const PathCertificate& issuer) {
  if (issuer.key() == nullptr) return false;
  for (const Known& known : known_) {
    if (known.certificate == &certificate &&
        (known.issuer == &issuer || known.issuer->HasKeyOf(issuer))) {
      return known.good;
    }
  }
  budget_ -= Cost(issuer.key());
  if (budget_ < 0) return false;
  ++checks_;
  const bool good = X509_verify(certificate.x509(), issuer.key()) == 1;
  known_.push_back({&certificate, &issuer, good});
  return good;
}

}  // namespace mantlet::verify
