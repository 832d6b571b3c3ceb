// Names the key usages and extended key usages of a certificate (RFC 5280, 4.2.1.3 and 4.2.1.12),
// for messages and for IsServerAuthOnly(). Pure; each function reads only its argument and may
// leave entries in the thread's error queue.

#ifndef MANTLET_PROXY_X509_KEY_USAGES_H_
#define MANTLET_PROXY_X509_KEY_USAGES_H_

#include <string>
#include <vector>

struct x509_st;

namespace mantlet::x509 {

// Returns e.g. "digitalSignature", "keyEncipherment"; empty if the certificate has no key usage.
std::vector<std::string> KeyUsageNames(x509_st* x509);

// Returns e.g. "serverAuth", "clientAuth", or dotted numbers for unnamed ones; empty if the
// certificate has no extended key usage.
std::vector<std::string> ExtendedKeyUsageNames(const x509_st* x509);

// Returns true if the extended key usage is serverAuth only.
bool IsServerAuthOnly(const x509_st* x509);

}  // namespace mantlet::x509

#endif  // MANTLET_PROXY_X509_KEY_USAGES_H_
