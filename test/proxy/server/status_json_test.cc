#include "proxy/server/status_json.h"

#include <nlohmann/json.hpp>
#include <string>

#include "certs/check.h"
#include "certs/generation_loader.h"
#include "gtest/gtest.h"
#include "test/certs/material_helper.h"

namespace mantlet::server {
namespace {

using Json = nlohmann::json;

TEST(StatusJson, ShowsEachCertificateWithItsChainAndEachAnchorWithItsFile) {
  certs::MemoryFileReader files = certs::GoodFiles();
  auto generation = certs::GenerationLoader::Load(certs::OneListener(), files, x509::kNow);
  ASSERT_TRUE(generation.ok()) << generation.status();
  const Json document = Json::parse(CertificatesAsJson(**generation, {}));
  EXPECT_EQ(document["generation"], (*generation)->id);
  EXPECT_EQ(document["loaded_at"], "2027-01-15T08:00:00Z");
  ASSERT_EQ(document["listeners"].size(), 1u);
  const Json& listener = document["listeners"][0];
  EXPECT_EQ(listener["name"], "public");
  ASSERT_EQ(listener["certificates"].size(), 1u);
  const Json& certificate = listener["certificates"][0];
  EXPECT_EQ(certificate["chain_file"], certs::kChain);
  EXPECT_EQ(certificate["key_file"], certs::kKey);
  EXPECT_EQ(certificate["default"], true);
  EXPECT_EQ(document["reload_pending"], false);
  EXPECT_EQ(document["last_reload_failure"], "");
  ASSERT_EQ(certificate["chain"].size(), 2u);
  EXPECT_EQ(certificate["chain"][0]["subject"], "CN=server");
  EXPECT_EQ(certificate["chain"][0]["issuer"], "CN=intermediate");
  EXPECT_EQ(certificate["chain"][0]["fingerprint_sha256"],
            certs::Server().certificate->fingerprint_sha256());
  EXPECT_EQ(certificate["chain"][1]["subject"], "CN=intermediate");
  ASSERT_EQ(listener["trust_anchors"].size(), 1u);
  EXPECT_EQ(listener["trust_anchors"][0]["subject"], "CN=root");
  EXPECT_EQ(listener["trust_anchors"][0]["file"], certs::kCa);
}

TEST(StatusJson, ShowsTheTrustDomainOfEachAuthority) {
  certs::MemoryFileReader files = certs::GoodFiles();
  files.Put("/empty.json", R"({"keys":[],"spiffe_sequence":7})");
  config::Config config = certs::OneListener();
  config.listeners[0].client_auth.spiffe.trust_domains = {{"example.org", {certs::kCa}, {}},
                                                          {"empty.example", {"/empty.json"}, {}}};
  auto generation = certs::GenerationLoader::Load(config, files, x509::kNow);
  ASSERT_TRUE(generation.ok()) << generation.status();
  const Json document = Json::parse(CertificatesAsJson(**generation, {}));
  const Json& listener = document["listeners"][0];
  ASSERT_EQ(listener["trust_anchors"].size(), 2u);
  EXPECT_FALSE(listener["trust_anchors"][0].contains("trust_domain"));
  EXPECT_EQ(listener["trust_anchors"][1]["trust_domain"], "example.org");
  EXPECT_EQ(listener["trust_anchors"][1]["file"], certs::kCa);
  EXPECT_EQ(listener["trust_domains"],
            Json::parse(R"([{"name":"empty.example","authorities":0,"spiffe_sequence":7},
                            {"name":"example.org","authorities":1}])"));
}

TEST(StatusJson, ReportsAPendingReloadWithTheReason) {
  const Json document = Json::parse(
      CertificatesAsJson(certs::Generation(), {true, "half a file", {{"public", "half a file"}}}));
  EXPECT_EQ(document["reload_pending"], true);
  EXPECT_EQ(document["last_reload_failure"], "half a file");
  EXPECT_EQ(document["listeners_pending"]["public"], "half a file");
}

// A field has the same name in every output.
TEST(StatusJson, UsesTheNamesOfCheck) {
  certs::MemoryFileReader files = certs::GoodFiles();
  auto generation = certs::GenerationLoader::Load(certs::OneListener(), files, x509::kNow);
  ASSERT_TRUE(generation.ok());
  Json served = Json::parse(CertificatesAsJson(**generation, {}))["listeners"][0];
  Json checked = certs::CheckMaterial(certs::OneListener(), files, x509::kNow).json["listeners"][0];
  // Settings are shown by /config only.
  checked.erase("client_auth");
  checked.erase("server_auth_clients");
  EXPECT_EQ(served, checked);
}

TEST(StatusJson, ShowsNoPrivateKey) {
  certs::MemoryFileReader files = certs::GoodFiles();
  auto generation = certs::GenerationLoader::Load(certs::OneListener(), files, x509::kNow);
  ASSERT_TRUE(generation.ok());
  EXPECT_EQ(CertificatesAsJson(**generation, {}).find("PRIVATE"), std::string::npos);
}

TEST(StatusJson, ANameWithBytesThatAreNoTextIsStillJson) {
  ConnectionSummary connection;
  connection.subject = "CN=\xff\xfe\"quoted\"\n";
  const Json document = Json::parse(ConnectionsAsJson({connection}));
  EXPECT_NE(document["connections"][0]["subject"].get<std::string>().find("\"quoted\"\n"),
            std::string::npos);
}

TEST(StatusJson, CountsAndDescribesConnections) {
  ConnectionSummary connection;
  connection.listener = "public";
  connection.peer = "192.0.2.1:40000";
  connection.state = "idle";
  connection.tls_version = "TLSv1.3";
  connection.protocol = "h2";
  connection.streams = 3;
  connection.requests = 7;
  connection.opened_wall_ms = 1'800'000'000'123;
  const Json document = Json::parse(ConnectionsAsJson({connection, connection}));
  EXPECT_EQ(document["count"], 2);
  ASSERT_EQ(document["connections"].size(), 2u);
  EXPECT_EQ(document["connections"][0]["peer"], "192.0.2.1:40000");
  EXPECT_EQ(document["connections"][0]["protocol"], "h2");
  EXPECT_EQ(document["connections"][0]["streams"], 3);
  EXPECT_EQ(document["connections"][0]["requests"], 7);
  EXPECT_EQ(document["connections"][0]["opened"], "2027-01-15T08:00:00.123Z");
}

TEST(StatusJson, NoConnectionsAreAnEmptyList) {
  const Json document = Json::parse(ConnectionsAsJson({}));
  EXPECT_EQ(document["count"], 0);
  EXPECT_TRUE(document["connections"].is_array());
}

TEST(StatusJson, ShowsTheEffectiveConfiguration) {
  config::Config config = certs::OneListener();
  config.file = "/etc/mantlet/mantlet.yaml";
  const Json document = Json::parse(ConfigAsJson(config, {}));
  EXPECT_EQ(document["file"], "/etc/mantlet/mantlet.yaml");
  EXPECT_NE(document["effective_yaml"].get<std::string>().find("header_bytes"), std::string::npos)
      << "defaults included";
}

TEST(StatusJson, ShowsHowTheProcessIsConfined) {
  ConfinementReport confinement;
  confinement.uid = 65532;
  confinement.dumpable = false;
  confinement.landlock = {sandbox::Mechanism::State::kOn, "ABI 7"};
  confinement.seccomp = {sandbox::Mechanism::State::kUnavailable, "refused"};
  confinement.rules.emplace();
  confinement.rules->read = {"/etc/mantlet"};
  confinement.rules->connect_ports = {8080};
  const Json process = Json::parse(ConfigAsJson(certs::OneListener(), confinement))["process"];
  EXPECT_EQ(process["uid"], 65532);
  EXPECT_EQ(process["dumpable"], false);
  EXPECT_EQ(process["no_new_privileges"], false);
  EXPECT_EQ(process["landlock"]["state"], "on");
  EXPECT_EQ(process["landlock"]["read"], Json({"/etc/mantlet"}));
  EXPECT_EQ(process["landlock"]["bind_ports"], "any");
  EXPECT_EQ(process["landlock"]["connect_ports"], Json({8080}));
  EXPECT_EQ(process["seccomp"], Json({{"state", "unavailable"}, {"detail", "refused"}}));
}

}  // namespace
}  // namespace mantlet::server
