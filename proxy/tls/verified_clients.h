// VerifiedClients: what was found about the chains of clients that were let in
// lately, so that whoever comes again, in a full handshake or with a ticket, costs a
// digest and a look, and no second parsing, path building and checking of signatures.
// That the client has the private key is not part of it: it proves that anew in every
// full handshake.
//
// A verdict is remembered for exactly these bytes, in this order, under a verifier of
// this id, which is a digest of everything else that decides. It is used from the
// second in which it was given until its valid_until: before the one (the clock was
// set back) and from the other on the chain is looked at again. Refusals are not
// remembered.
//
// Bounded in number and in bytes, whatever is presented; what nobody has come with for
// longest is forgotten first. One worker's: one thread only.

#ifndef MANTLET_PROXY_TLS_VERIFIED_CLIENTS_H_
#define MANTLET_PROXY_TLS_VERIFIED_CLIENTS_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <list>
#include <string_view>

#include "absl/container/flat_hash_map.h"
#include "absl/types/span.h"
#include "proxy/tls/client_check.h"
#include "proxy/tls/client_verifier.h"

namespace mantlet::tls {

class VerifiedClients {
 public:
  struct Limits {
    size_t clients = 1024;
    size_t bytes = 2 << 20;  // of their certificates and what was read from them
    // A longer chain is verified every time. TLS clients present a tenth of it.
    size_t chain_bytes = 32 << 10;
  };

  VerifiedClients() : VerifiedClients(Limits()) {}
  explicit VerifiedClients(const Limits& limits) : limits_(limits) {}

  // CheckClient(), as seen from outside.
  ClientCheck Check(const ClientVerifier& verifier, absl::Span<const std::string_view> ders,
                    int64_t now);

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

  void Remember(Client client);
  void Forget(Clients::iterator client);

  const Limits limits_;
  Clients clients_;  // the one that came last in front
  absl::flat_hash_map<Digest, Clients::iterator> by_digest_;
  size_t bytes_ = 0;
};

}  // namespace mantlet::tls

#endif  // MANTLET_PROXY_TLS_VERIFIED_CLIENTS_H_
