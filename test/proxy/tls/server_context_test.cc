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

TEST(ServerContext, RefusesCipherSuitesThatTheLibraryDoesNotHave) {
  ServerSide side;
  side.options.tls.cipher_suites = {"ECDHE-ECDSA-AES128-GCM-SHA256", "RC4-MD5"};
  EXPECT_NE(Refusal(side.options).find("cipher_suites"), std::string::npos);
  EXPECT_NE(Refusal(side.options).find("RC4-MD5"), std::string::npos);
}

TEST(ServerContext, RefusesGroupsThatTheLibraryDoesNotHave) {
  ServerSide side;
  side.options.tls.groups = {"P-256", "B-571"};
  EXPECT_NE(Refusal(side.options).find("groups"), std::string::npos);
  EXPECT_NE(Refusal(side.options).find("B-571"), std::string::npos);
}

TEST(ServerContext, TakesWhatTheLibraryHas) {
  ServerSide side;
  side.options.tls.cipher_suites = {"ECDHE-ECDSA-AES256-GCM-SHA384"};
  side.options.tls.groups = {"P-384"};
  EXPECT_EQ(Refusal(side.options), "");
}

TEST(ServerContext, RefusesAKeyThatDoesNotFitItsCertificate) {
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
  EXPECT_EQ((*lax)->Select("", LeafKeySet::All()), 0u);
  EXPECT_EQ((*lax)->Select("elsewhere.example", LeafKeySet::All()), 0u);
  side.options.tls.strict_sni = true;
  auto strict = ServerContext::Create(side.options);
  ASSERT_TRUE(strict.ok());
  EXPECT_EQ((*strict)->Select("", LeafKeySet::All()), SIZE_MAX);
  EXPECT_EQ((*strict)->Select("elsewhere.example", LeafKeySet::All()), SIZE_MAX);
  EXPECT_EQ((*strict)->Select("server.example", LeafKeySet::All()), 0u);
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
