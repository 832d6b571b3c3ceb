// LeafKey is the capability that a client needs to verify a certificate: the kind of the key, and
// for ECDSA the curve. LeafKeySet is a set of them.

#ifndef MANTLET_PROXY_X509_LEAF_KEY_H_
#define MANTLET_PROXY_X509_LEAF_KEY_H_

#include <cstddef>
#include <cstdint>
#include <initializer_list>

#include "proxy/x509/public_key.h"

namespace mantlet::x509 {

enum class LeafKey : uint8_t { kEcdsaP256, kEcdsaP384, kEcdsaP521, kEd25519, kRsa };
inline constexpr size_t kLeafKeys = 5;

class LeafKeySet {
 public:
  constexpr LeafKeySet() = default;
  constexpr LeafKeySet(std::initializer_list<LeafKey> keys) {
    for (LeafKey key : keys) Add(key);
  }
  static constexpr LeafKeySet All() {
    return {LeafKey::kEcdsaP256, LeafKey::kEcdsaP384, LeafKey::kEcdsaP521, LeafKey::kEd25519,
            LeafKey::kRsa};
  }

  constexpr void Add(LeafKey key) { bits_ |= Bit(key); }
  constexpr void Remove(LeafKey key) { bits_ &= ~Bit(key); }
  constexpr bool Contains(LeafKey key) const { return (bits_ & Bit(key)) != 0; }
  bool operator==(const LeafKeySet&) const = default;

 private:
  static constexpr unsigned Bit(LeafKey key) { return 1u << static_cast<unsigned>(key); }
  unsigned bits_ = 0;
};

// Loading rejects certificates with other kinds of keys; this function treats them as RSA.
inline LeafKey LeafKeyOf(const PublicKey& key) {
  if (key.kind == KeyKind::kEd25519) return LeafKey::kEd25519;
  if (key.kind != KeyKind::kEcdsa) return LeafKey::kRsa;
  if (key.bits == 384) return LeafKey::kEcdsaP384;
  return key.bits == 521 ? LeafKey::kEcdsaP521 : LeafKey::kEcdsaP256;
}

}  // namespace mantlet::x509

#endif  // MANTLET_PROXY_X509_LEAF_KEY_H_
