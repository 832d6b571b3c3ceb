// CertificateSelector chooses the server certificate for a server name: one with exactly
// that name, then one with a wildcard that covers one label (RFC 9525 section 6.3),
// otherwise the default. Of several that fit equally, one that the client can verify:
// ECDSA before Ed25519 before RSA, configuration order among equals. Names are compared in
// lower case. The cost does not grow with the number of certificates. Pure and immutable;
// any thread.

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
    // Addresses, or URIs where there is nothing else. No client asks for them;
    // they distinguish certificates that could be the default.
    std::vector<std::string> other_names;
    x509::LeafKey key = x509::LeafKey::kEcdsaP256;
  };

  // Configuration order. The first is the default, together with those that have
  // the same names.
  explicit CertificateSelector(const std::vector<Entry>& entries);

  // Returns the certificate for `name`, in lower case, without port and trailing dot;
  // nothing if no certificate has it. If the client can verify none of those, returns the
  // preferred one all the same: no other would do better.
  std::optional<size_t> Find(std::string_view name, x509::LeafKeySet verifiable) const;

  // Returns whether this certificate is one of those with exactly that name, or if there
  // are none, with a wildcard for it.
  bool Covers(size_t index, std::string_view name) const;
  // The same for names that no certificate has.
  bool IsDefault(size_t index) const { return default_.Has(index); }

  // Returns the certificate for a name that Find does not find, and for clients that send none.
  size_t Default(x509::LeafKeySet verifiable) const;

 private:
  // The first certificate for each kind of key; kNone: there is none.
  static constexpr uint32_t kNone = UINT32_MAX;
  struct Candidates {
    Candidates() { by_key.fill(kNone); }
    void Add(x509::LeafKey key, size_t index);
    // The preferred one among the keys of `verifiable`.
    std::optional<size_t> Choose(x509::LeafKeySet verifiable) const;
    bool Has(size_t index) const;
    std::array<uint32_t, x509::kLeafKeys> by_key;
  };
  using Map = absl::flat_hash_map<std::string, Candidates>;

  static const Candidates* Lookup(const Map& map, std::string_view name);
  const Candidates* LookupWildcard(std::string_view name) const;

  Map exact_;
  Map wildcard_;  // "example.com" for "*.example.com"
  Candidates default_;
};

}  // namespace mantlet::tls

#endif  // MANTLET_PROXY_TLS_CERTIFICATE_SELECTOR_H_
