// Whatever a ClientHello says about itself, a key is only taken for verifiable
// if the bytes name it.

#include <string>

#include "proxy/tls/client_offer.h"
#include "test/fuzz/fuzz_input.h"

namespace mantlet::fuzz {
namespace {

// Whether `list` holds the two bytes anywhere: necessary for every reader.
bool Mentions(const std::string& list, char high, char low) {
  return list.find(std::string{high, low}) != std::string::npos;
}

}  // namespace
}  // namespace mantlet::fuzz

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace mantlet;  // NOLINT(google-build-using-namespace): the target's own scope
  using x509::LeafKey;
  fuzz::Input input(data, size);
  const uint8_t flags = input.Byte();
  const std::string suites = input.Text(), schemes = input.Text(), groups = input.Text(),
                    versions = input.Text();
  tls::ClientOffer offer;
  offer.cipher_suites = suites;
  if ((flags & 1) != 0) offer.signature_algorithms = schemes;
  if ((flags & 2) != 0) offer.supported_groups = groups;
  if ((flags & 4) != 0) offer.supported_versions = versions;
  tls::ServerCapabilities server{(flags & 8) == 0, (flags & 16) == 0, {0xc02b}, {0xc02f}};
  const x509::LeafKeySet keys = tls::VerifiableKeys(offer, server);

  const bool tls13_only = !server.tls12;
  if ((flags & 1) == 0) fuzz::Require(keys == x509::LeafKeySet(), "no algorithm, and yet a key");
  if (tls13_only && (flags & 4) == 0) {
    fuzz::Require(keys == x509::LeafKeySet(), "no version in common, and yet a key");
  }
  if (keys.Contains(LeafKey::kEd25519)) {
    fuzz::Require(fuzz::Mentions(schemes, '\x08', '\x07'), "Ed25519 out of nothing", schemes);
  }
  if (tls13_only && keys.Contains(LeafKey::kEcdsaP256)) {
    fuzz::Require(fuzz::Mentions(schemes, '\x04', '\x03'), "P-256 out of nothing", schemes);
  }
  return 0;
}
