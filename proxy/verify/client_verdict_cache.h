// ClientVerdictCache caches the verdicts on the chains of recently accepted clients. If a client
// returns, in a full handshake, with a ticket, or with another connection that is revalidated after
// a change of the rules, the check costs a digest and a lookup instead of parsing, path building
// and signature checks. Possession of the private key is not cached: every full handshake proves it
// again.
//
// The key of an entry is a digest of the bytes of the chain in their order, of the verifier's id,
// which covers everything else that decides, and of Expired: a verdict that ignores expiry is never
// returned to a caller that does not, nor the reverse. An entry is used from the second of its
// verdict until valid_until. Before (the clock was set back) and after, the chain is verified
// again. Rejections are not cached.
//
// The number of entries and their bytes are bounded for any input; the least recently used entry is
// evicted first. Each worker has its own cache: one thread only.

#ifndef MANTLET_PROXY_VERIFY_CLIENT_VERDICT_CACHE_H_
#define MANTLET_PROXY_VERIFY_CLIENT_VERDICT_CACHE_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <list>
#include <memory>
#include <string_view>

#include "absl/container/flat_hash_map.h"
#include "absl/types/span.h"
#include "proxy/identity/peer_identity.h"
#include "proxy/verify/client_check.h"
#include "proxy/verify/client_verifier.h"
#include "proxy/verify/verify_result.h"

namespace mantlet::verify {

class ClientVerdictCache {
 public:
  struct Limits {
    size_t clients = 1024;
    size_t bytes = 2 << 20;  // of the certificates and the identities
    // A longer chain is never cached. TLS clients present about a tenth of this.
    size_t chain_bytes = 32 << 10;
  };

  ClientVerdictCache() : ClientVerdictCache(Limits()) {}
  explicit ClientVerdictCache(const Limits& limits) : limits_(limits) {}

  // Returns the same result as CheckClient().
  ClientCheck Check(const ClientVerifier& verifier, absl::Span<const std::string_view> ders,
                    int64_t now);
  // Returns the same result as Reverify(), for a client with an open connection. If the chain is
  // valid, later handshakes with it also get `certificate` (not null).
  VerifyResult Recheck(const ClientVerifier& verifier,
                       const std::shared_ptr<const identity::ClientCertificate>& certificate,
                       int64_t now, Expired expired);

  size_t size() const { return clients_.size(); }
  size_t bytes() const { return bytes_; }

 private:
  using Digest = std::array<uint8_t, 32>;
  struct Client {
    Digest digest;
    int64_t verified_at = 0;
    ClientCheck check;
    size_t bytes = 0;
  };
  using Clients = std::list<Client>;

  // Calls `check_fully` for a ClientCheck if none is cached.
  template <typename CheckFully>
  ClientCheck FindOrCheck(const ClientVerifier& verifier, absl::Span<const std::string_view> ders,
                          int64_t now, Expired expired, CheckFully check_fully);
  void Insert(Client client);
  void Evict(Clients::iterator client);

  const Limits limits_;
  Clients clients_;  // most recently used first
  absl::flat_hash_map<Digest, Clients::iterator> by_digest_;
  size_t bytes_ = 0;
};

}  // namespace mantlet::verify

#endif  // MANTLET_PROXY_VERIFY_CLIENT_VERDICT_CACHE_H_
