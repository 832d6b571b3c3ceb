// Converts a public key to the values of a JSON Web Key (RFC 7518, section 6; RFC 8037, section 2),
// to compare it with the certificate in the same key set entry. Pure.

#ifndef MANTLET_PROXY_X509_JWK_H_
#define MANTLET_PROXY_X509_JWK_H_

#include <map>
#include <string>

#include "proxy/x509/certificate.h"

namespace mantlet::x509 {

struct Jwk {
  std::string kty;  // "RSA", "EC", "OKP"; empty for an unsupported key
  std::string crv;  // EC and OKP: "P-256", "Ed25519", …
  // The raw numbers by name: "n" and "e" without leading zeros; "x" and "y" in the full length of
  // the curve. Not in base64url.
  std::map<std::string, std::string> numbers;
};

Jwk DescribeAsJwk(const Certificate& certificate);

}  // namespace mantlet::x509

#endif  // MANTLET_PROXY_X509_JWK_H_
