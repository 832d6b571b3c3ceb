// CertificateSelector chooses the server certificate for a server name: a certificate with exactly
// that name, then one with a wildcard that covers one label (RFC 9525 section 6.3), otherwise the
// default. Among several equally good matches it chooses one that the client can verify: ECDSA
// before Ed25519 before RSA, then the order of the configuration. Names are compared in lower case.
// The cost does not grow with the number of certificates. Pure and immutable; any thread.

#ifndef MANTLET_PROXY_TLS_CERTIFICATE_SELECTOR_H_
#define MANTLET_PROXY_TLS_CERTIFICATE_SELECTOR_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "proxy/x509/leaf_key.h"

namespace mantlet::tls {

class CertificateSelector {
 public:
  struct Entry {
    std::vector<std::string> names;  // lower case, wildcards as "*.example.com"
    // Addresses, or URIs if there are no other names. Clients cannot ask for them; they distinguish
    // certificates that could be the default.
    std::vector<std::string> other_names;
    x509::LeafKey key = x509::LeafKey::kEcdsaP256;
  };

  // `entries` are in the order of the configuration. The first is the default, together with those
  // that have the same names.
  explicit CertificateSelector(const std::vector<Entry>& entries);

  // Returns the certificate for `name`, which is in lower case without port and trailing dot, or
  // nullopt if no certificate has that name. If the client can verify none of the matches, returns
  // the preferred one anyway, because no other would be better.
  std::optional<size_t> Find(std::string_view name, x509::LeafKeySet verifiable) const;

  // Returns whether this certificate has exactly that name or, if no certificate does, a wildcard
  // for it.
  bool Covers(size_t index, std::string_view name) const;
  // Returns whether this certificate is a default, used for names that no certificate has.
  bool IsDefault(size_t index) const { return default_.Has(index); }

  // Returns the certificate for clients that send no name or one that Find() does not find.
  size_t Default(x509::LeafKeySet verifiable) const;

 private:
  // The first certificate for each kind of key, or kNone.
  static constexpr uint32_t kNone = UINT32_MAX;
  struct Candidates {
    Candidates() { by_key.fill(kNone); }
    void Add(x509::LeafKey key, size_t index);
    // Returns the preferred certificate among the keys of `verifiable`.
    std::optional<size_t> Choose(x509::LeafKeySet verifiable) const;
    bool Has(size_t index) const;
    std::array<uint32_t, x509::kLeafKeys> by_key;
  };
  using Map = absl::flat_hash_map<std::string, Candidates>;

  static const Candidates* Lookup(const Map& map, std::string_view name);
  const Candidates* LookupWildcard(std::string_view name) const;

  Map exact_;
  Map wildcard_;  // the key "example.com" stands for "*.example.com"
  Candidates default_;
};

}  // namespace mantlet::tls

#endif  // MANTLET_PROXY_TLS_CERTIFICATE_SELECTOR_H_
