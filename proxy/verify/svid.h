// These functions check the additional rules for an X.509-SVID (X509-SVID, sections 2 to 5). Pure;
// each examines one certificate and verifies no signature: use ChainVerifier to verify the chain.
// They may leave entries in the thread's error queue.

#ifndef MANTLET_PROXY_VERIFY_SVID_H_
#define MANTLET_PROXY_VERIFY_SVID_H_

#include <string>
#include <string_view>

struct x509_st;

namespace mantlet::verify {

struct LeafSvid {
  // True if one of the URI names has the scheme spiffe, in any letter case, or if the names cannot
  // be read. Such a certificate must be a valid SVID and is never accepted as an ordinary
  // certificate.
  bool claimed = false;
  std::string violation;     // a sentence; empty if the SVID is valid
  std::string trust_domain;  // from the ID; empty unless the ID is well-formed
};

// Checks everything that the certificate alone shows: exactly one URI name, a well-formed ID with a
// path, no CA, critical key usage with digitalSignature and without keyCertSign and cRLSign, and
// either both serverAuth and clientAuth or no extended key usage.
LeafSvid ReadLeafSvid(x509_st* leaf);

// Returns why a CA certificate may not be between an SVID of the trust domain and its anchor, or an
// empty string. A CA that has an ID must have the ID of this trust domain (3.2); otherwise a CA
// that was certified for another trust domain could issue IDs of this one.
std::string SignerViolation(x509_st* ca, std::string_view trust_domain);

}  // namespace mantlet::verify

#endif  // MANTLET_PROXY_VERIFY_SVID_H_
