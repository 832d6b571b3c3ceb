// Functions that return single facts about an X.509 certificate, for Certificate, which collects
// them all, and for the handshake, which needs few of them. Pure; each reads only its argument and
// may leave entries in the thread's error queue.

#ifndef MANTLET_PROXY_X509_X509_FACTS_H_
#define MANTLET_PROXY_X509_X509_FACTS_H_

#include <cstdint>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"

struct x509_st;

namespace mantlet::x509 {

// The caller owns the result (X509_free). All of `der` must be the certificate.
absl::StatusOr<x509_st*> ParseX509(std::string_view der);

// Seconds since the epoch. False if a date cannot be parsed.
bool ReadValidity(const x509_st* x509, int64_t* not_before, int64_t* not_after);

// Lower-case hex without leading zero bytes; a negative number, which some CAs
// managed to issue, with a minus sign.
std::string SerialHex(const x509_st* x509);

// The certificate as DER; "" if it cannot be encoded.
std::string ToDer(x509_st* x509);

// The SubjectPublicKeyInfo; "" if it cannot be encoded.
std::string SpkiDer(const x509_st* x509);

// Of the SubjectPublicKeyInfo's digest, lower case; what pins are compared with.
std::string SpkiSha256Hex(const x509_st* x509);

// Signed over an MD5, MD4 or SHA-1 digest.
bool HasWeakSignature(const x509_st* x509);
// Over a digest so old that the library does not look at the signature any more.
bool HasUncheckableSignature(const x509_st* x509);

}  // namespace mantlet::x509

#endif  // MANTLET_PROXY_X509_X509_FACTS_H_
