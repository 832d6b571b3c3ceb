#include "proxy/tls/peer_chain.h"

#include <openssl/pool.h>

#include "proxy/x509/byte_view.h"

namespace mantlet::tls {

std::vector<std::string_view> PeerChain(const stack_st_CRYPTO_BUFFER* chain) {
  std::vector<std::string_view> ders;
  if (chain == nullptr) return ders;
  ders.reserve(sk_CRYPTO_BUFFER_num(chain));
  for (size_t i = 0; i < sk_CRYPTO_BUFFER_num(chain); ++i) {
    const CRYPTO_BUFFER* buffer = sk_CRYPTO_BUFFER_value(chain, i);
    ders.push_back(x509::View(CRYPTO_BUFFER_data(buffer), CRYPTO_BUFFER_len(buffer)));
  }
  return ders;
}

}  // namespace mantlet::tls
