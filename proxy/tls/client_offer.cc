#include "proxy/tls/client_offer.h"

#include <algorithm>

namespace mantlet::tls {
namespace {

constexpr uint16_t kTls13 = 0x0304;

uint16_t Number(std::string_view bytes) {
  return static_cast<uint16_t>(static_cast<uint8_t>(bytes[0]) << 8 |
                               static_cast<uint8_t>(bytes[1]));
}

// Calls `each` with every 16-bit number of `list`.
template <typename Each>
void ForEachNumber(std::string_view list, Each each) {
  for (; list.size() >= 2; list.remove_prefix(2)) each(Number(list));
}

// Returns the list that follows a length of `length_bytes`, or an empty list if the length is
// wrong.
std::string_view Body(const std::optional<std::string_view>& extension, size_t length_bytes) {
  if (!extension.has_value() || extension->size() < length_bytes) return {};
  const size_t length =
      length_bytes == 1 ? static_cast<uint8_t>((*extension)[0]) : Number(*extension);
  std::string_view list = extension->substr(length_bytes);
  return list.size() == length ? list : std::string_view();
}

bool Holds(std::string_view list, uint16_t wanted) {
  bool found = false;
  ForEachNumber(list, [&](uint16_t number) { found |= number == wanted; });
  return found;
}

bool SharesOne(std::string_view list, const std::vector<uint16_t>& wanted) {
  bool found = false;
  ForEachNumber(list, [&](uint16_t number) {
    found = found || std::find(wanted.begin(), wanted.end(), number) != wanted.end();
  });
  return found;
}

// Returns the keys for TLS 1.3 (RFC 8446 section 4.2.3). SHA-1 is not accepted.
x509::LeafKeySet Tls13Keys(std::string_view signature_algorithms) {
  x509::LeafKeySet keys;
  ForEachNumber(signature_algorithms, [&](uint16_t scheme) {
    switch (scheme) {
      case 0x0403:
        return keys.Add(x509::LeafKey::kEcdsaP256);
      case 0x0503:
        return keys.Add(x509::LeafKey::kEcdsaP384);
      case 0x0603:
        return keys.Add(x509::LeafKey::kEcdsaP521);
      case 0x0807:
        return keys.Add(x509::LeafKey::kEd25519);
      case 0x0804:  // rsa_pss_rsae
      case 0x0805:
      case 0x0806:
        return keys.Add(x509::LeafKey::kRsa);
      default:
        return;
    }
  });
  return keys;
}

// Returns the keys for TLS 1.2. There the same numbers stand for a hash and a kind of key only; the
// curve must be in supported_groups (RFC 8422 section 5.1.1).
x509::LeafKeySet Tls12Keys(const ClientOffer& offer, const ServerCapabilities& server) {
  const bool ecdsa_suite = SharesOne(offer.cipher_suites, server.ecdsa_suites);
  const bool rsa_suite = SharesOne(offer.cipher_suites, server.rsa_suites);
  bool ecdsa = false, ed25519 = false, rsa = false;
  ForEachNumber(Body(offer.signature_algorithms, 2), [&](uint16_t scheme) {
    ecdsa |= scheme == 0x0403 || scheme == 0x0503 || scheme == 0x0603;
    ed25519 |= scheme == 0x0807;
    rsa |= (scheme >= 0x0804 && scheme <= 0x0806) || scheme == 0x0401 || scheme == 0x0501 ||
           scheme == 0x0601;
  });
  x509::LeafKeySet keys;
  if (rsa && rsa_suite) keys.Add(x509::LeafKey::kRsa);
  if (ed25519 && ecdsa_suite) keys.Add(x509::LeafKey::kEd25519);
  if (!ecdsa || !ecdsa_suite) return keys;
  const std::string_view groups = Body(offer.supported_groups, 2);
  const bool any_group = !offer.supported_groups.has_value();
  if (any_group || Holds(groups, 23)) keys.Add(x509::LeafKey::kEcdsaP256);
  if (any_group || Holds(groups, 24)) keys.Add(x509::LeafKey::kEcdsaP384);
  if (any_group || Holds(groups, 25)) keys.Add(x509::LeafKey::kEcdsaP521);
  return keys;
}

}  // namespace

x509::LeafKeySet VerifiableKeys(const ClientOffer& offer, const ServerCapabilities& server) {
  if (server.tls13 && Holds(Body(offer.supported_versions, 1), kTls13)) {
    return Tls13Keys(Body(offer.signature_algorithms, 2));
  }
  return server.tls12 ? Tls12Keys(offer, server) : x509::LeafKeySet();
}

}  // namespace mantlet::tls
