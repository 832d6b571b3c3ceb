#include "proxy/verify/identity_extractor.h"

#include <string>
#include <string_view>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "test/proxy/x509/pki.h"

namespace mantlet::verify {
namespace {

using testing::ElementsAre;

identity::ClientCertificate Extract(const x509::Credential& client) {
  auto identity = ExtractIdentity(x509::Chain({&client}));
  EXPECT_TRUE(identity.ok()) << identity.status();
  return *identity;
}

TEST(IdentityExtractor, FillsEveryField) {
  x509::CertificateTemplate what = x509::ClientTemplate("client");
  what.subject = {{"O", "Example"}, {"OU", "Operations"}, {"OU", "Night"}, {"CN", "client"}};
  what.san.uri = {"spiffe://example.com/client"};
  what.san.dns = {"a.example", "b.example"};
  what.serial_hex = "7fab";
  x509::Credential client = x509::MakeCredential(what, &x509::Intermediate());
  auto identity = ExtractIdentity(x509::Chain({&client, &x509::Intermediate()}));
  ASSERT_TRUE(identity.ok());
  EXPECT_EQ(identity->subject, "CN=client,OU=Night,OU=Operations,O=Example");
  EXPECT_EQ(identity->issuer, "CN=intermediate");
  EXPECT_EQ(identity->cn, "client");
  EXPECT_THAT(identity->ou, ElementsAre("Night", "Operations"));
  EXPECT_EQ(identity->serial, "7fab");
  EXPECT_EQ(identity->fingerprint_sha256, client.certificate->fingerprint_sha256());
  EXPECT_EQ(identity->fingerprint_sha1, client.certificate->fingerprint_sha1());
  EXPECT_EQ(identity->spki_sha256, client.certificate->public_key().spki_sha256);
  EXPECT_THAT(identity->san_uri, ElementsAre("spiffe://example.com/client"));
  EXPECT_THAT(identity->san_dns, ElementsAre("a.example", "b.example"));
  EXPECT_EQ(identity->not_before, what.not_before);
  EXPECT_EQ(identity->not_after, what.not_after);
  EXPECT_EQ(identity->der, client.certificate->der());
  EXPECT_THAT(identity->chain_der, ElementsAre(x509::Intermediate().certificate->der()));
  EXPECT_EQ(identity->spiffe_id, "spiffe://example.com/client");
}

TEST(IdentityExtractor, ReportsEveryKindOfAlternativeName) {
  x509::CertificateTemplate what = x509::ClientTemplate("client");
  what.san.email = {"alice@example.org", std::string("a\0@b", 4)};
  what.san.ip = {"192.0.2.7", "2001:db8::7"};
  what.san.upn = {"alice@corp.example", "zo\xc3\xab@corp.example"};
  const identity::ClientCertificate identity = Extract(x509::MakeCredential(what, &x509::Root()));
  EXPECT_THAT(identity.san_email, ElementsAre("alice@example.org", std::string("a\0@b", 4)));
  EXPECT_THAT(identity.san_ip, ElementsAre("192.0.2.7", "2001:db8::7"));
  EXPECT_THAT(identity.san_upn, ElementsAre("alice@corp.example", "zo\xc3\xab@corp.example"));
}

TEST(IdentityExtractor, NamesAttributesAsOpensslDoes) {
  x509::CertificateTemplate what = x509::ClientTemplate("client");
  what.subject = {{"C", "DE"},
                  {"1.3.6.1.4.1.311.60.2.1.3", "DE"},
                  {"2.5.4.15", "Private Organization"},
                  {"serialNumber", "HRB 1"},
                  {"O", "Bank AG"},
                  {"2.5.4.97", "PSDDE-BAFIN-123456"},
                  {"0.9.2342.19200300.100.1.44", "u"},
                  {"1.2.3.4", "x"},
                  {"CN", "bank.example"}};
  EXPECT_THAT(Extract(x509::MakeCredential(what, &x509::Root())).organization_identifier,
              ElementsAre("PSDDE-BAFIN-123456"));
  EXPECT_EQ(Extract(x509::MakeCredential(what, &x509::Root())).subject,
            "CN=bank.example,1.2.3.4=#0c0178,uniqueIdentifier=u,"
            "organizationIdentifier=PSDDE-BAFIN-123456,O=Bank AG,serialNumber=HRB 1,"
            "businessCategory=Private Organization,jurisdictionC=DE,C=DE");
}

TEST(IdentityExtractor, ASpiffeIdStandsAlone) {
  x509::CertificateTemplate two = x509::ClientTemplate("client");
  two.san.uri = {"spiffe://a/b", "spiffe://a/c"};
  EXPECT_EQ(Extract(x509::MakeCredential(two, &x509::Root())).spiffe_id, "");
  x509::CertificateTemplate other = x509::ClientTemplate("client");
  other.san.uri = {"https://a/b"};
  EXPECT_EQ(Extract(x509::MakeCredential(other, &x509::Root())).spiffe_id, "");
}

TEST(IdentityExtractor, AMalformedSpiffeIdIsNotReturned) {
  for (const char* uri :
       {"SPIFFE://a/b", "spiffe://A/b", "spiffe://a", "spiffe://a/", "spiffe://a/b?c",
        "spiffe://a/../b", "spiffe://u@a/b", "spiffe://a:1/b", "spiffe://a/%62"}) {
    x509::CertificateTemplate what = x509::ClientTemplate("client");
    what.san.uri = {uri};
    const identity::ClientCertificate identity = Extract(x509::MakeCredential(what, &x509::Root()));
    EXPECT_EQ(identity.spiffe_id, "") << uri;
    EXPECT_THAT(identity.san_uri, ElementsAre(uri));
  }
}

TEST(IdentityExtractor, KeepsNulAndControlBytesSoThatWritersCanRejectThem) {
  x509::CertificateTemplate what = x509::ClientTemplate("x");
  what.subject = {{"CN", std::string("a\0b\r\n", 5)}};
  what.san.dns = {std::string("good.example\0.evil", 18)};
  what.san.uri = {std::string("spiffe://a/\0b", 13)};
  identity::ClientCertificate identity = Extract(x509::MakeCredential(what, &x509::Root()));
  EXPECT_EQ(identity.cn, std::string("a\0b\r\n", 5));
  EXPECT_EQ(identity.subject, std::string("CN=a\0b\r\n", 8));
  EXPECT_THAT(identity.san_dns, ElementsAre(std::string("good.example\0.evil", 18)));
  EXPECT_THAT(identity.san_uri, ElementsAre(std::string("spiffe://a/\0b", 13)));
  EXPECT_EQ(identity.spiffe_id, "");
}

TEST(IdentityExtractor, AnyByteOfTheLeafMayBeWrong) {
  std::string der =
      x509::MakeCredential(x509::ClientTemplate("client"), &x509::Root()).certificate->der();
  for (size_t i = 0; i < der.size(); ++i) {
    for (int bit : {0x01, 0x80, 0xff}) {
      std::string damaged = der;
      damaged[i] = static_cast<char>(damaged[i] ^ bit);
      auto identity = ExtractIdentity(std::vector<std::string_view>{damaged});
      if (identity.ok()) {
        EXPECT_EQ(identity->der, damaged);
      }
    }
  }
}

TEST(IdentityExtractor, FailsOnGarbage) {
  EXPECT_FALSE(ExtractIdentity(std::vector<std::string_view>{"garbage"}).ok());
  EXPECT_FALSE(ExtractIdentity(std::vector<std::string_view>{}).ok());
}

}  // namespace
}  // namespace mantlet::verify
