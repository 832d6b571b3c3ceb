// PeerChain returns the certificates of the library's chain as DER, leaf first. Pure.

#ifndef MANTLET_PROXY_TLS_PEER_CHAIN_H_
#define MANTLET_PROXY_TLS_PEER_CHAIN_H_

#include <string_view>
#include <vector>

struct stack_st_CRYPTO_BUFFER;

namespace mantlet::tls {

// `chain` may be null, for no certificates. The views point into its buffers.
std::vector<std::string_view> PeerChain(const stack_st_CRYPTO_BUFFER* chain);

}  // namespace mantlet::tls

#endif  // MANTLET_PROXY_TLS_PEER_CHAIN_H_
