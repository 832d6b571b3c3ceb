// ClientVerdictCache: what was found about the chains of clients that were let in
// lately, so that whoever comes again, in a full handshake or with a ticket, or has
// other connections open when all of them are judged by new rules, costs a digest and a
// look, and no second parsing, path building and checking of signatures. That the
// client has the private key is not part of it: it proves that anew in every full
// handshake.
//
// A verdict is remembered for exactly these bytes, in this order, under a verifier of
// this id, which is a digest of everything else that decides, and for what the end of a
// certificate meant to it: one that leaves expiry out is none for those who ask with it
// (Expired), nor the other way round. It is used from the
// second in which it was given until its valid_until: before the one (the clock was
// set back) and from the other on the chain is looked at again. Refusals are not
// remembered.
//
// Bounded in number and in bytes, whatever is presented; what nobody has come with for
// longest is forgotten first. One worker's: one thread only.

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
    size_t bytes = 2 << 20;  // of their certificates and what was read from them
    // A longer chain is verified every time. TLS clients present a tenth of it.
    size_t chain_bytes = 32 << 10;
  };

  ClientVerdictCache() : ClientVerdictCache(Limits()) {}
  explicit ClientVerdictCache(const Limits& limits) : limits_(limits) {}

  // CheckClient(), as seen from outside.
  ClientCheck Check(const ClientVerifier& verifier, absl::Span<const std::string_view> ders,
                    int64_t now);
  // Reverify(), as seen from outside, for a client whose connection is open. If it is
  // good, `certificate` (not null) is what those get that come with this chain later.
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

  // `check_fully` makes a ClientCheck where none is remembered.
  template <typename CheckFully>
  ClientCheck FindOrCheck(const ClientVerifier& verifier, absl::Span<const std::string_view> ders,
                          int64_t now, Expired expired, CheckFully check_fully);
  void Insert(Client client);
  void Evict(Clients::iterator client);

  const Limits limits_;
  Clients clients_;  // the one that came last in front
  absl::flat_hash_map<Digest, Clients::iterator> by_digest_;
  size_t bytes_ = 0;
};

}  // namespace mantlet::verify

#endif  // MANTLET_PROXY_VERIFY_CLIENT_VERDICT_CACHE_H_
