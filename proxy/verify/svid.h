// These functions check the rules for an X.509-SVID beside those for every certificate
// (X509-SVID, sections 2 to 5). Pure; each examines one certificate and verifies no
// signature: whether the chain is valid is ChainVerifier's verdict. They may leave entries
// in the thread's error queue.

#ifndef MANTLET_PROXY_VERIFY_SVID_H_
#define MANTLET_PROXY_VERIFY_SVID_H_

#include <string>
#include <string_view>

struct x509_st;

namespace mantlet::verify {

struct LeafSvid {
  // One of its URI names has the scheme spiffe, in whatever case, or its names
  // cannot be read: it is a good SVID or nothing, and never just some certificate.
  bool claimed = false;
  std::string violation;     // what is wrong with it, a sentence; empty for a good one
  std::string trust_domain;  // of the one ID; empty unless that is well-formed
};

// Everything is checked that can be seen in the certificate alone: exactly one URI
// name, a well-formed ID with a path, no CA, critical key usage with
// digitalSignature and without keyCertSign and cRLSign, serverAuth and clientAuth
// both or no extended key usage at all.
LeafSvid ReadLeafSvid(x509_st* leaf);

// Why a CA certificate may not stand between an SVID of the trust domain and its
// anchor, or empty: a CA that has an ID must have that of this very trust domain
// (3.2). Otherwise a CA that was certified for another trust domain could issue
// IDs of this one.
std::string SignerViolation(x509_st* ca, std::string_view trust_domain);

}  // namespace mantlet::verify

#endif  // MANTLET_PROXY_VERIFY_SVID_H_
