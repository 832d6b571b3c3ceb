#include "proxy/x509/private_key.h"

#include <string>

#include "absl/strings/escaping.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "proxy/x509/key_algorithm.h"
#include "proxy/x509/pem.h"
#include "proxy/x509/pkcs12.h"
#include "proxy/x509/x509_facts.h"
#include "test/proxy/x509/key_file_maker.h"
#include "test/proxy/x509/pkcs7_maker.h"
#include "test/proxy/x509/pki.h"

namespace mantlet::x509 {
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
  std::string der = OnlyBlock(ToEncryptedPem(*mine.key, "sesame"));
  auto key = PrivateKey::FromEncryptedDer(der, "sesame");
  ASSERT_TRUE(key.ok()) << key.status();
  EXPECT_TRUE((*key)->Matches(*mine.certificate));
  auto wrong = PrivateKey::FromEncryptedDer(der, "Sesame");
  ASSERT_FALSE(wrong.ok());
  EXPECT_THAT(std::string(wrong.status().message()), HasSubstr("the passphrase is wrong"));
  EXPECT_FALSE(PrivateKey::FromDer(der).ok());
}

std::string Bytes(const char* hex) { return absl::HexStringToBytes(hex); }

// An Ed25519 key with its public key (RFC 8410, 10.3), here without the attributes.
constexpr char kWithPublicHalf[] =
    "3051020101300506032b657004220420d4ee72dbf913584ad5b6d8f1f769f8ad3afe7c28cbf1d4fbe097a88f4475"
    "584281210019bf44096984cdfe8541bac167dc3b96c85086aa30b6b6cb0c5c38ad703166e1";
// The same key with the attributes of the RFC, and with the tag that older versions of ring write.
constexpr char kWithAttributes[] =
    "3072020101300506032b657004220420d4ee72dbf913584ad5b6d8f1f769f8ad3afe7c28cbf1d4fbe097a88f4475"
    "5842a01f301d060a2a864886f70d01090914310f0c0d437572646c6520436861697273"
    "81210019bf44096984cdfe8541bac167dc3b96c85086aa30b6b6cb0c5c38ad703166e1";
constexpr char kExplicit[] =
    "3053020101300506032b657004220420d4ee72dbf913584ad5b6d8f1f769f8ad3afe7c28cbf1d4fbe097a88f4475"
    "5842a12303210019bf44096984cdfe8541bac167dc3b96c85086aa30b6b6cb0c5c38ad703166e1";

TEST(PrivateKey, MayHaveItsPublicHalfAtItsEnd) {
  for (const char* hex : {kWithPublicHalf, kWithAttributes, kExplicit}) {
    auto key = PrivateKey::FromDer(Bytes(hex));
    ASSERT_TRUE(key.ok()) << key.status() << hex;
    EXPECT_EQ((*key)->public_key().text, "Ed25519");
  }
}

TEST(PrivateKey, WithAnotherPublicHalfIsRejected) {
  for (const char* hex : {kWithPublicHalf, kWithAttributes, kExplicit}) {
    std::string der = Bytes(hex);
    der.back() ^= 1;
    EXPECT_FALSE(PrivateKey::FromDer(der).ok());
    for (size_t size = 0; size < der.size(); ++size) {
      EXPECT_FALSE(PrivateKey::FromDer(Bytes(hex).substr(0, size)).ok()) << size;
    }
    EXPECT_FALSE(PrivateKey::FromDer(Bytes(hex) + "x").ok());
  }
}

TEST(PrivateKey, OfAnUnsupportedKindIsNamed) {
  struct Kind {
    const char* hex;  // of a PrivateKeyInfo without much of a key in it
    const char* said;
  };
  for (const Kind& kind :
       {Kind{"3014020100300b06092a864886f70d01010a04023000",
             "RSA-PSS keys are not supported; make an RSA key (rsaEncryption)"},
        Kind{"300e020100300506032b657104023000",
             "Ed448 keys are not supported; make an ECDSA key on P-256"},
        Kind{"300e020100300506032b656e04023000", "X25519 keys are not supported"},
        Kind{"3019020100301006072a8648ce3d020106052b8104000a04023000",
             "ECDSA secp256k1 keys are not supported"},
        Kind{"300f020100300606042a03040504023000", "kind 1.2.3.4.5 keys are not supported"},
        Kind{"300e020100300506032b657004023000", "it is a private key that is damaged"},
        Kind{"3003020100", "it is not a private key in PKCS#8, PKCS#1 or SEC1"}}) {
    auto key = PrivateKey::FromDer(Bytes(kind.hex));
    ASSERT_FALSE(key.ok());
    EXPECT_THAT(std::string(key.status().message()), HasSubstr(kind.said));
  }
}

TEST(KeyAlgorithm, HasNoNameForWhatIsSupported) {
  for (KeyType type : kEveryType) {
    EXPECT_EQ(UnsupportedKindOfSpki(SpkiDer(
                  MakeCredential(ClientTemplate("mine"), &Root(), type).certificate->x509())),
              "");
  }
}

TEST(PrivateKey, TruncatedKeysAreRejected) {
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
  EXPECT_EQ(wrong.status().message(), "the passphrase is wrong");
}

TEST(Pkcs12, ATrustStoreWithoutAPasswordIsCertificatesInTheClear) {
  const std::string bytes = MakePlainTrustStore(Root().certificate);
  auto contents = ParsePkcs12(bytes, "");
  ASSERT_TRUE(contents.ok()) << contents.status();
  ASSERT_EQ(contents->certificates.size(), 1u);
  EXPECT_EQ(contents->certificates[0]->der(), Root().certificate->der());
  EXPECT_EQ(contents->key, nullptr);
  auto key = ParsePkcs12(MakePlainTrustStore(Root().certificate, kKeyBag), "");
  ASSERT_FALSE(key.ok());
  EXPECT_THAT(std::string(key.status().message()), HasSubstr("keytool -list -rfc"));
  for (size_t size = 0; size < bytes.size(); ++size) {
    EXPECT_FALSE(ParsePkcs12(bytes.substr(0, size), "").ok()) << size;
  }
}

TEST(Pkcs12, TruncatedFilesAreRejected) {
  Credential server = MakeCredential(ServerTemplate("s", {"s.example"}), &Root());
  auto bytes = MakePkcs12(*server.key, {server.certificate}, "");
  ASSERT_TRUE(bytes.ok());
  for (size_t size = 0; size < bytes->size(); size += 7) {
    EXPECT_FALSE(ParsePkcs12(bytes->substr(0, size), "").ok()) << size;
  }
}

}  // namespace
}  // namespace mantlet::x509
