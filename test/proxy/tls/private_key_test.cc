#include "proxy/tls/private_key.h"

#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "proxy/tls/pem.h"
#include "proxy/tls/pkcs12.h"
#include "test/proxy/tls/pki.h"

namespace mantlet::tls {
namespace {

using testing::HasSubstr;

constexpr KeyType kEveryType[] = {KeyType::kP256, KeyType::kP384, KeyType::kEd25519,
                                  KeyType::kRsa2048};

std::string OnlyBlock(const std::string& pem) {
  auto blocks = ParsePem(pem);
  return blocks.ok() && blocks->size() == 1 ? (*blocks)[0].der : "";
}

TEST(PrivateKey, EveryKindSurvivesPkcs8AndFitsItsCertificateAlone) {
  for (KeyType type : kEveryType) {
    Credential mine = MakeCredential(ClientTemplate("mine"), &Root(), type);
    Credential other = MakeCredential(ClientTemplate("other"), &Root(), type);
    auto key = PrivateKey::FromDer(OnlyBlock(mine.key->ToPem()));
    ASSERT_TRUE(key.ok()) << key.status();
    EXPECT_TRUE((*key)->Matches(*mine.certificate));
    EXPECT_FALSE((*key)->Matches(*other.certificate));
    EXPECT_EQ((*key)->public_key().text, mine.certificate->public_key().text);
  }
}

TEST(PrivateKey, AnEncryptedKeyOpensWithItsPassphraseOnly) {
  Credential mine = MakeCredential(ClientTemplate("mine"), &Root());
  std::string der = OnlyBlock(mine.key->ToEncryptedPem("sesame"));
  auto key = PrivateKey::FromEncryptedDer(der, "sesame");
  ASSERT_TRUE(key.ok()) << key.status();
  EXPECT_TRUE((*key)->Matches(*mine.certificate));
  auto wrong = PrivateKey::FromEncryptedDer(der, "Sesame");
  ASSERT_FALSE(wrong.ok());
  EXPECT_THAT(std::string(wrong.status().message()), HasSubstr("the passphrase does not open it"));
  EXPECT_FALSE(PrivateKey::FromDer(der).ok());
}

TEST(PrivateKey, TruncatedKeysAreRefused) {
  for (KeyType type : kEveryType) {
    std::string der = MakeCredential(ClientTemplate("mine"), &Root(), type).key->ToDer();
    for (size_t size = 0; size < der.size(); ++size) {
      EXPECT_FALSE(PrivateKey::FromDer(der.substr(0, size)).ok()) << size;
    }
    EXPECT_FALSE(PrivateKey::FromDer(der + "x").ok());
  }
}

TEST(Pkcs12, HoldsKeyAndChainUnderAPassphrase) {
  Credential server = MakeCredential(ServerTemplate("s", {"s.example"}), &Intermediate());
  auto bytes = MakePkcs12(*server.key, {server.certificate, Intermediate().certificate}, "sesame");
  ASSERT_TRUE(bytes.ok()) << bytes.status();
  EXPECT_TRUE(LooksLikePkcs12(*bytes));
  EXPECT_FALSE(LooksLikePkcs12(server.certificate->der()));
  auto contents = ParsePkcs12(*bytes, "sesame");
  ASSERT_TRUE(contents.ok()) << contents.status();
  ASSERT_EQ(contents->certificates.size(), 2u);
  EXPECT_TRUE(contents->key->Matches(*server.certificate));
  auto wrong = ParsePkcs12(*bytes, "open");
  ASSERT_FALSE(wrong.ok());
  EXPECT_EQ(wrong.status().message(), "the passphrase does not open it");
}

TEST(Pkcs12, TruncatedFilesAreRefused) {
  Credential server = MakeCredential(ServerTemplate("s", {"s.example"}), &Root());
  auto bytes = MakePkcs12(*server.key, {server.certificate}, "");
  ASSERT_TRUE(bytes.ok());
  for (size_t size = 0; size < bytes->size(); size += 7) {
    EXPECT_FALSE(ParsePkcs12(bytes->substr(0, size), "").ok()) << size;
  }
}

}  // namespace
}  // namespace mantlet::tls
