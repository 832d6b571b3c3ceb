// Writes the values of Client-Cert and Client-Cert-Chain (RFC 9440): certificates as Structured
// Fields byte sequences. Pure.

#ifndef MANTLET_PROXY_IDENTITY_RFC9440_H_
#define MANTLET_PROXY_IDENTITY_RFC9440_H_

#include <string>
#include <string_view>
#include <vector>

namespace mantlet::identity {

// Returns ":<base64>:".
std::string ClientCertValue(std::string_view der);

// Returns ":<base64>:, :<base64>:", in TLS order without the leaf. Empty for no certificates.
std::string ClientCertChainValue(const std::vector<std::string>& chain_der);

}  // namespace mantlet::identity

#endif  // MANTLET_PROXY_IDENTITY_RFC9440_H_
