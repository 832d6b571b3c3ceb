// Functions that return single fields of an X.509 certificate, for Certificate, which reads all of
// them, and for the handshake, which needs few. Pure; each reads only its argument and may leave
// entries in the thread's error queue.

#ifndef MANTLET_PROXY_X509_X509_FACTS_H_
#define MANTLET_PROXY_X509_X509_FACTS_H_

#include <cstdint>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"

struct x509_st;

namespace mantlet::x509 {

// The caller owns the result (X509_free). `der` must be exactly the certificate.
absl::StatusOr<x509_st*> ParseX509(std::string_view der);

// Sets seconds since the epoch. Returns false if a date cannot be parsed.
bool ReadValidity(const x509_st* x509, int64_t* not_before, int64_t* not_after);

// Returns lower-case hex without leading zero bytes. A negative number, which some CAs have issued,
// gets a minus sign.
std::string SerialHex(const x509_st* x509);

// Returns the certificate as DER; "" if it cannot be encoded.
std::string ToDer(x509_st* x509);

// Returns the SubjectPublicKeyInfo; "" if it cannot be encoded.
std::string SpkiDer(const x509_st* x509);

// Returns the lower-case hex digest of the SubjectPublicKeyInfo, which pins are compared with.
std::string SpkiSha256Hex(const x509_st* x509);

// Returns whether the signature uses an MD5, MD4 or SHA-1 digest.
bool HasWeakSignature(const x509_st* x509);
// Returns whether the digest is so old that the library does not check the signature.
bool HasUncheckableSignature(const x509_st* x509);

}  // namespace mantlet::x509

#endif  // MANTLET_PROXY_X509_X509_FACTS_H_
