// Encodes a public key as a JSON Web Key does (RFC 7518, section 6; RFC 8037, section 2), to
// compare one with the certificate beside it. Pure.

#ifndef MANTLET_PROXY_X509_JWK_H_
#define MANTLET_PROXY_X509_JWK_H_

#include <map>
#include <string>

#include "proxy/x509/certificate.h"

namespace mantlet::x509 {

struct Jwk {
  std::string kty;  // "RSA", "EC", "OKP"; empty for a key that has no such form here
  std::string crv;  // EC and OKP: "P-256", "Ed25519", …
  // By name, raw: "n" and "e" without leading zeros; "x" and "y" of the curve's full
  // length. Not in base64url.
  std::map<std::string, std::string> numbers;
};

Jwk DescribeAsJwk(const Certificate& certificate);

}  // namespace mantlet::x509

#endif  // MANTLET_PROXY_X509_JWK_H_
