#include "proxy/tls/server_context.h"

#include <string>

#include "gtest/gtest.h"
#include "test/proxy/tls/server_side.h"

namespace mantlet::tls {
namespace {

std::string Refusal(const ServerContext::Options& options) {
  auto context = ServerContext::Create(options);
  return context.ok() ? "" : std::string(context.status().message());
}

TEST(ServerContext, RejectsCipherSuitesThatTheLibraryDoesNotSupport) {
  ServerSide side;
  side.options.tls.cipher_suites = {"ECDHE-ECDSA-AES128-GCM-SHA256", "RC4-MD5"};
  EXPECT_NE(Refusal(side.options).find("cipher_suites"), std::string::npos);
  EXPECT_NE(Refusal(side.options).find("RC4-MD5"), std::string::npos);
}

TEST(ServerContext, RejectsGroupsThatTheLibraryDoesNotSupport) {
  ServerSide side;
  side.options.tls.groups = {"P-256", "B-571"};
  EXPECT_NE(Refusal(side.options).find("groups"), std::string::npos);
  EXPECT_NE(Refusal(side.options).find("B-571"), std::string::npos);
}

TEST(ServerContext, AcceptsWhatTheLibrarySupports) {
  ServerSide side;
  side.options.tls.cipher_suites = {"ECDHE-ECDSA-AES256-GCM-SHA384"};
  side.options.tls.groups = {"P-384"};
  EXPECT_EQ(Refusal(side.options), "");
}

TEST(ServerContext, RejectsAKeyThatDoesNotMatchItsCertificate) {
  ServerSide side;
  side.options.credentials.push_back(Serve(ServerCertificate(), {"second.example"}));
  side.options.credentials[1].key = ClientCertificate().key;
  EXPECT_NE(Refusal(side.options).find("certificate 2"), std::string::npos);
}

TEST(ServerContext, TheGroupsOfTheConfigurationAreUsed) {
  ServerSide side;
  side.options.tls.groups = {"P-384"};
  MemoryClient client({});
  side.Meet(client);
  ASSERT_TRUE(side.peer.has_value());
  EXPECT_EQ(side.peer->tls.group, "P-384");
}

TEST(ServerContext, TheCipherSuitesOfTheConfigurationAreUsed) {
  ServerSide side;
  side.options.tls.cipher_suites = {"ECDHE-ECDSA-AES256-GCM-SHA384"};
  MemoryClient::Options options;
  options.max_version = TLS1_2_VERSION;
  MemoryClient client(options);
  side.Meet(client);
  ASSERT_TRUE(side.peer.has_value());
  EXPECT_EQ(side.peer->tls.cipher, "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384");
}

// Returns the suite that is negotiated with a client that prefers its ciphers in this order.
std::string Cipher(ServerSide& side, std::string ciphers) {
  MemoryClient::Options options;
  options.max_version = TLS1_2_VERSION;
  options.ciphers = std::move(ciphers);
  MemoryClient client(options);
  side.wire = std::make_shared<io::Wire>();
  side.peer.reset();
  side.Meet(client);
  return side.peer ? std::string(side.peer->tls.cipher) : "refused";
}

std::string Group(ServerSide& side, std::string groups, uint16_t max_version = TLS1_3_VERSION) {
  MemoryClient::Options options;
  options.max_version = max_version;
  options.groups = std::move(groups);
  MemoryClient client(options);
  side.wire = std::make_shared<io::Wire>();
  side.peer.reset();
  side.Meet(client);
  return side.peer ? std::string(side.peer->tls.group) : "refused";
}

constexpr char kAes128[] = "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256";
constexpr char kAes256[] = "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384";
constexpr char kChaCha[] = "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256";

TEST(ServerContext, TheOrderOfTheCipherSuitesIsTheServers) {
  ServerSide side;
  side.options.tls.cipher_suites = {"ECDHE-ECDSA-AES256-GCM-SHA384",
                                    "ECDHE-ECDSA-AES128-GCM-SHA256",
                                    "ECDHE-ECDSA-CHACHA20-POLY1305"};
  EXPECT_EQ(Cipher(side, "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384"), kAes256);
  EXPECT_EQ(Cipher(side, "ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-ECDSA-AES128-GCM-SHA256"), kAes128);
}

TEST(ServerContext, AmongSuitesOfEqualPreferenceTheClientChooses) {
  ServerSide side;
  side.options.tls.cipher_suites = {"ECDHE-ECDSA-AES256-GCM-SHA384|ECDHE-ECDSA-CHACHA20-POLY1305",
                                    "ECDHE-ECDSA-AES128-GCM-SHA256"};
  EXPECT_EQ(Cipher(side, "ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-ECDSA-AES256-GCM-SHA384"), kChaCha);
  EXPECT_EQ(Cipher(side, "ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-ECDSA-CHACHA20-POLY1305"), kAes256);
  EXPECT_EQ(Cipher(side, "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-ECDSA-CHACHA20-POLY1305"), kChaCha);
}

TEST(ServerContext, ByDefaultTheClientChoosesBetweenAes128AndChaCha20) {
  ServerSide side;
  EXPECT_EQ(Cipher(side, "ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-ECDSA-AES128-GCM-SHA256"), kChaCha);
  EXPECT_EQ(Cipher(side, "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-ECDSA-CHACHA20-POLY1305"), kAes128);
  EXPECT_EQ(Cipher(side, "ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-ECDSA-AES128-GCM-SHA256"), kAes128);
}

TEST(ServerContext, TheOrderOfTheGroupsIsTheServers) {
  ServerSide side;
  side.options.tls.groups = {"P-384", "P-256", "X25519"};
  for (const uint16_t version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    EXPECT_EQ(Group(side, "X25519:P-256:P-384", version), "P-384");
    EXPECT_EQ(Group(side, "X25519:P-256", version), "P-256");
  }
}

TEST(ServerContext, ByDefaultX25519ComesFirstAndP384IsNotOffered) {
  ServerSide side;
  for (const uint16_t version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    EXPECT_EQ(Group(side, "P-384:P-256:X25519", version), "X25519");
    EXPECT_EQ(Group(side, "P-384:P-256", version), "P-256");
    EXPECT_EQ(Group(side, "P-384:P-521", version), "refused");
  }
}

TEST(ServerContext, TheNewestVersionCanBeForbidden) {
  ServerSide side;
  side.options.tls.max_version = config::TlsVersion::kTls12;
  MemoryClient client({});
  side.Meet(client);
  ASSERT_TRUE(side.peer.has_value());
  EXPECT_EQ(side.peer->tls.version, "TLSv1.2");
}

TEST(ServerContext, SelectsTheFirstCertificateForNoNameUnlessStrict) {
  ServerSide side;
  auto lax = ServerContext::Create(side.options);
  ASSERT_TRUE(lax.ok());
  EXPECT_EQ((*lax)->Select("", x509::LeafKeySet::All()), 0u);
  EXPECT_EQ((*lax)->Select("elsewhere.example", x509::LeafKeySet::All()), 0u);
  side.options.tls.strict_sni = true;
  auto strict = ServerContext::Create(side.options);
  ASSERT_TRUE(strict.ok());
  EXPECT_EQ((*strict)->Select("", x509::LeafKeySet::All()), SIZE_MAX);
  EXPECT_EQ((*strict)->Select("elsewhere.example", x509::LeafKeySet::All()), SIZE_MAX);
  EXPECT_EQ((*strict)->Select("server.example", x509::LeafKeySet::All()), 0u);
}

TEST(ServerContext, AConnectionKeepsTheContextItBeganWith) {
  ServerSide side;
  MemoryClient client({});
  side.Start();
  side.wire->Arrive(client.TakeOutgoing());
  side.options.credentials.clear();  // nothing outside holds on to it any more
  client.Pump(*side.wire);
  EXPECT_TRUE(side.peer.has_value());
}

}  // namespace
}  // namespace mantlet::tls
