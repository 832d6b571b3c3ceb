#include "certs/check.h"

#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "nlohmann/json.hpp"
#include "test/certs/material_helper.h"

namespace mantlet::certs {
namespace {

using testing::HasSubstr;
using tls::kNow;

TEST(Check, ShowsWhatWouldBeServedAndTrusted) {
  MemoryFileReader files = GoodFiles();
  CheckReport report = CheckMaterial(OneListener(), files, kNow);
  EXPECT_TRUE(report.ok);
  for (const char* said :
       {"listener public\n", "server certificate /tls/tls.crt",
        "└─ CN=server  (expires in 100 days)", "key    /tls/tls.key, ECDSA P-256, fits",
        "names  server.example, *.server.example", "client certificates: require",
        "trust anchors /tls/ca.crt\n    CN=root  (CA, self-signed"}) {
    EXPECT_THAT(report.text, HasSubstr(said));
  }
  nlohmann::json json = nlohmann::json::parse(report.json);
  EXPECT_EQ(json["ok"], true);
  EXPECT_EQ(json["listeners"][0]["certificates"][0]["chain"].size(), 2u);
  EXPECT_EQ(json["listeners"][0]["trust_anchors"][0]["certificate"]["subject"], "CN=root");
  EXPECT_TRUE(json["findings"].empty());
}

TEST(Check, ErrorsComeFirstEachWithItsCure) {
  MemoryFileReader files = GoodFiles();
  files.Put(kKey, Server().key->ToPem(), 0644);
  files.Put(kCa, Server().certificate->ToPem());
  CheckReport report = CheckMaterial(OneListener(), files, kNow);
  EXPECT_FALSE(report.ok);
  ASSERT_GE(report.findings.size(), 2u);
  EXPECT_EQ(report.findings.front().severity, Severity::kError);
  EXPECT_THAT(report.text, HasSubstr("error: /tls/ca.crt: block 1 (CERTIFICATE, line 1): the "
                                     "certificate CN=server is no CA certificate"));
  EXPECT_THAT(report.text, HasSubstr("\n  -> put the certificate of its issuer here"));
  EXPECT_THAT(report.text, HasSubstr("warning: /tls/tls.key: everybody"));
  // What could be loaded is shown all the same.
  EXPECT_THAT(report.text, HasSubstr("CN=intermediate"));
  EXPECT_EQ(nlohmann::json::parse(report.json)["findings"][0]["code"], "leaf_as_ca");
}

TEST(Check, AListenerWithNothingUsableIsShownAsSuch) {
  MemoryFileReader files;
  CheckReport report = CheckMaterial(OneListener(), files, kNow);
  EXPECT_FALSE(report.ok);
  EXPECT_THAT(report.text, HasSubstr("no usable server certificate"));
}

}  // namespace
}  // namespace mantlet::certs
