#include "certs/check.h"

#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "nlohmann/json.hpp"
#include "test/certs/material_helper.h"

namespace mantlet::certs {
namespace {

using testing::HasSubstr;
using x509::kNow;

TEST(Check, ShowsWhatWouldBeServedAndTrusted) {
  MemoryFileReader files = GoodFiles();
  CheckReport report = CheckMaterial(OneListener(), files, kNow);
  EXPECT_TRUE(report.ok);
  for (const char* said :
       {"listener public\n", "server certificate /tls/tls.crt",
        "└─ CN=server  (expires in 100 days)", "key    /tls/tls.key, ECDSA P-256, matches",
        "names  server.example, *.server.example", "client certificates: require",
        "trust anchors /tls/ca.crt\n    CN=root  (CA, self-signed"}) {
    EXPECT_THAT(report.text, HasSubstr(said));
  }
  const nlohmann::ordered_json& json = report.json;
  EXPECT_EQ(json["ok"], true);
  EXPECT_EQ(json["listeners"][0]["certificates"][0]["chain"].size(), 2u);
  EXPECT_EQ(json["listeners"][0]["trust_anchors"][0]["subject"], "CN=root");
  EXPECT_TRUE(json["findings"].empty());
}

TEST(Check, ErrorsComeFirstEachWithItsHint) {
  MemoryFileReader files = GoodFiles();
  files.Put(kKey, Server().key->ToPem(), 0644);
  files.Put(kCa, Server().certificate->ToPem());
  CheckReport report = CheckMaterial(OneListener(), files, kNow);
  EXPECT_FALSE(report.ok);
  ASSERT_GE(report.diagnostics.size(), 2u);
  EXPECT_EQ(report.diagnostics.front().severity, config::Severity::kError);
  EXPECT_THAT(report.text, HasSubstr("error: /tls/ca.crt: block 1 (CERTIFICATE, line 1): the "
                                     "certificate CN=server is not a CA certificate"));
  EXPECT_THAT(report.text, HasSubstr("\n  -> put the certificate of its issuer here"));
  EXPECT_THAT(report.text, HasSubstr("warning: /tls/tls.key: all users"));
  // The report shows the material that could be loaded.
  EXPECT_THAT(report.text, HasSubstr("CN=intermediate"));
  EXPECT_EQ(report.json["findings"][0]["code"], "leaf_as_ca");
}

TEST(Check, AListenerWithNothingUsableIsShownAsSuch) {
  MemoryFileReader files;
  CheckReport report = CheckMaterial(OneListener(), files, kNow);
  EXPECT_FALSE(report.ok);
  EXPECT_THAT(report.text, HasSubstr("no usable server certificate"));
}

TEST(Check, ShowsTrustDomainsWithTheirAuthorities) {
  MemoryFileReader files = GoodFiles();
  files.Put("/empty.json", R"({"keys":[]})");
  config::Config config = OneListener();
  config::ClientAuth& auth = config.listeners[0].client_auth;
  auth.trust_bundle.clear();
  auth.spiffe.trust_domains = {{"example.org", {kCa}, {}}, {"empty.example", {"/empty.json"}, {}}};
  auth.spki_pins = {std::string(64, '0')};
  const CheckReport report = CheckMaterial(config, files, x509::kNow);
  EXPECT_TRUE(report.ok) << report.text;
  for (const char* part :
       {"  trust domain example.org /tls/ca.crt\n    CN=root  (CA, self-signed",
        "  trust domain empty.example: no X.509 authority, all clients are rejected\n",
        "  pinned keys: 1\n", "warning: /empty.json: the bundle of trust domain empty.example"}) {
    EXPECT_NE(report.text.find(part), std::string::npos) << part << "\n" << report.text;
  }
  const nlohmann::ordered_json& json = report.json;
  EXPECT_EQ(json["listeners"][0]["trust_domains"],
            nlohmann::ordered_json::parse(R"([{"name":"empty.example","authorities":0},
                                      {"name":"example.org","authorities":1}])"));
  EXPECT_EQ(json["listeners"][0]["trust_anchors"][0]["trust_domain"], "example.org");
}

}  // namespace
}  // namespace mantlet::certs
