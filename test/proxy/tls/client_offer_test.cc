#include "proxy/tls/client_offer.h"

#include <initializer_list>
#include <optional>
#include <string>

#include "gtest/gtest.h"

namespace mantlet::tls {
namespace {

constexpr uint16_t kEcdsaSuite = 0xc02b, kRsaSuite = 0xc02f;
constexpr x509::LeafKey kP256 = x509::LeafKey::kEcdsaP256, kP384 = x509::LeafKey::kEcdsaP384,
                        kP521 = x509::LeafKey::kEcdsaP521, kEd25519 = x509::LeafKey::kEd25519,
                        kRsa = x509::LeafKey::kRsa;

std::string Numbers(std::initializer_list<unsigned> numbers) {
  std::string bytes;
  for (unsigned number : numbers) {
    bytes += static_cast<char>(number >> 8);
    bytes += static_cast<char>(number & 0xff);
  }
  return bytes;
}

std::string List(std::initializer_list<unsigned> numbers) {
  return Numbers({static_cast<unsigned>(2 * numbers.size())}) + Numbers(numbers);
}

class ClientOfferTest : public testing::Test {
 protected:
  x509::LeafKeySet Tls13(const std::string& schemes) {
    ClientOffer offer;
    offer.signature_algorithms = schemes;
    offer.supported_versions = std::string_view("\x04\x03\x04\x03\x03", 5);
    return VerifiableKeys(offer, server_);
  }
  x509::LeafKeySet Tls12(const std::string& suites, const std::string& schemes,
                         const std::optional<std::string>& groups = std::nullopt) {
    ClientOffer offer;
    offer.cipher_suites = suites;
    offer.signature_algorithms = schemes;
    if (groups) offer.supported_groups = *groups;
    return VerifiableKeys(offer, server_);
  }

  ServerCapabilities server_ = {true, true, {0xcca9, kEcdsaSuite}, {kRsaSuite}};
  const std::string both_suites_ = Numbers({0x1301, kEcdsaSuite, kRsaSuite});
};

TEST_F(ClientOfferTest, ATls13SchemeStandsForExactlyOneKindOfKey) {
  EXPECT_EQ(Tls13(List({0x0403})), x509::LeafKeySet({kP256}));
  EXPECT_EQ(Tls13(List({0x0503})), x509::LeafKeySet({kP384}));
  EXPECT_EQ(Tls13(List({0x0603})), x509::LeafKeySet({kP521}));
  EXPECT_EQ(Tls13(List({0x0807})), x509::LeafKeySet({kEd25519}));
  EXPECT_EQ(Tls13(List({0x0804})), x509::LeafKeySet({kRsa}));
  EXPECT_EQ(Tls13(List({0x0806, 0x0403})), x509::LeafKeySet({kRsa, kP256}));
}

TEST_F(ClientOfferTest, OldRsaSignaturesDoNotCountInTls13) {
  EXPECT_EQ(Tls13(List({0x0401, 0x0501, 0x0601})), x509::LeafKeySet());
}

TEST_F(ClientOfferTest, Sha1CountsNowhere) {
  EXPECT_EQ(Tls13(List({0x0201, 0x0203})), x509::LeafKeySet());
  EXPECT_EQ(Tls12(both_suites_, List({0x0201, 0x0203})), x509::LeafKeySet());
}

TEST_F(ClientOfferTest, Tls12NeedsACipherSuiteForTheKindOfKey) {
  const std::string schemes = List({0x0403, 0x0807, 0x0401});
  EXPECT_EQ(Tls12(Numbers({kRsaSuite}), schemes), x509::LeafKeySet({kRsa}));
  EXPECT_EQ(Tls12(Numbers({kEcdsaSuite}), schemes),
            x509::LeafKeySet({kP256, kP384, kP521, kEd25519}));
  EXPECT_EQ(Tls12(Numbers({0xc030}), schemes), x509::LeafKeySet())
      << "a suite the server does not have";
}

TEST_F(ClientOfferTest, Tls12NeedsASignatureAlgorithmForTheKindOfKey) {
  EXPECT_EQ(Tls12(both_suites_, List({0x0401})), x509::LeafKeySet({kRsa}));
  EXPECT_EQ(Tls12(both_suites_, List({0x0804})), x509::LeafKeySet({kRsa}));
  EXPECT_EQ(Tls12(both_suites_, List({0x0807})), x509::LeafKeySet({kEd25519}));
}

TEST_F(ClientOfferTest, Tls12TakesTheCurveFromTheGroups) {
  const std::string schemes = List({0x0403});
  EXPECT_EQ(Tls12(both_suites_, schemes, List({29, 23})), x509::LeafKeySet({kP256}));
  EXPECT_EQ(Tls12(both_suites_, schemes, List({24})), x509::LeafKeySet({kP384}));
  EXPECT_EQ(Tls12(both_suites_, schemes, List({29})), x509::LeafKeySet());
}

TEST_F(ClientOfferTest, TheVersionThatWillBeSpokenDecides) {
  ClientOffer offer;
  const std::string schemes = List({0x0403, 0x0804}), suites = Numbers({kRsaSuite});
  offer.cipher_suites = suites;
  offer.signature_algorithms = schemes;
  offer.supported_versions = std::string_view("\x04\x03\x04\x03\x03", 5);
  EXPECT_EQ(VerifiableKeys(offer, server_), x509::LeafKeySet({kRsa, kP256}));
  server_.tls13 = false;
  EXPECT_EQ(VerifiableKeys(offer, server_), x509::LeafKeySet({kRsa}));
  server_.tls12 = false;
  EXPECT_EQ(VerifiableKeys(offer, server_), x509::LeafKeySet());
}

TEST_F(ClientOfferTest, DamagedBytesOfferNothing) {
  EXPECT_EQ(Tls13(""), x509::LeafKeySet());
  EXPECT_EQ(Tls13(std::string(1, '\0')), x509::LeafKeySet());
  EXPECT_EQ(Tls13(List({0x0403}) + "x"), x509::LeafKeySet());
  EXPECT_EQ(Tls13(Numbers({40, 0x0403})), x509::LeafKeySet());
  EXPECT_EQ(Tls12("\xc0", List({0x0403})), x509::LeafKeySet());
}

}  // namespace
}  // namespace mantlet::tls
