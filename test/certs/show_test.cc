#include "certs/show.h"

#include <string>
#include <utility>
#include <vector>

#include "certs/certificate_text.h"
#include "certs/time_text.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "nlohmann/json.hpp"
#include "test/certs/bundle_json.h"
#include "test/certs/material_helper.h"
#include "test/proxy/x509/key_file_maker.h"

namespace mantlet::certs {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;
using x509::kDay;
using x509::kNow;

TEST(Show, DrawsTheChainFromTheTopDown) {
  std::string text =
      Show("tls.crt", ChainPem(Server()) + x509::Root().certificate->ToPem(), {}, kNow).text;
  size_t root = text.find("  CN=root  (CA, self-signed, expires in 100 days)\n");
  size_t intermediate = text.find("  └─ CN=intermediate  (CA, expires in 100 days)\n");
  size_t leaf = text.find("     └─ CN=server  (expires in 100 days)\n");
  ASSERT_NE(root, std::string::npos) << text;
  EXPECT_LT(root, intermediate);
  EXPECT_LT(intermediate, leaf);
  EXPECT_NE(leaf, std::string::npos);
}

TEST(Show, ReportsWhichIssuerTheFileLacks) {
  EXPECT_THAT(Show("x", ChainPem(Server()), {}, kNow).text,
              HasSubstr("? CN=root  (not in this file)\n  └─ CN=intermediate"));
}

TEST(Show, DescribesKeysWithoutShowingThem) {
  ShowResult result = Show("x", ChainPem(Server()) + Server().key->ToPem(), {}, kNow);
  EXPECT_THAT(result.text, HasSubstr("private key, ECDSA P-256, matches CN=server"));
  std::string pem = Server().key->ToPem();
  EXPECT_THAT(result.text, Not(HasSubstr(pem.substr(30, 40))));
  EXPECT_THAT(Show("x", ChainPem(Server()) + x509::Root().key->ToPem(), {}, kNow).text,
              HasSubstr("matches none of the certificates"));
  std::string locked = x509::ToEncryptedPem(*Server().key, "sesame");
  EXPECT_THAT(Show("x", locked, {}, kNow).text, HasSubstr("private key, encrypted"));
  EXPECT_THAT(Show("x", locked, "sesame", kNow).text, HasSubstr("private key, ECDSA P-256"));
}

TEST(Show, OpensPkcs12) {
  std::string bytes = *x509::MakePkcs12(*Server().key, {Server().certificate}, "sesame");
  EXPECT_FALSE(Show("x.p12", bytes, {}, kNow).ok);
  ShowResult result = Show("x.p12", bytes, "sesame", kNow);
  EXPECT_THAT(result.text, AllOf(HasSubstr("PKCS#12"), HasSubstr("CN=server")));
}

TEST(Show, ReadsSpiffeBundles) {
  const std::string key = KeyJson(*x509::Root().certificate);
  ShowResult result =
      Show("org.json", KeysJson({R"({"kty":"EC","use":"jwt-svid"})", key}), {}, kNow);
  EXPECT_THAT(result.text, AllOf(HasSubstr("org.json: SPIFFE bundle\n  CN=root  (CA, self-signed"),
                                 HasSubstr("\n  keys[1]  certificate\n")));
  const nlohmann::ordered_json& json = result.json;
  EXPECT_EQ(json["format"], "SPIFFE bundle");
  ASSERT_EQ(json["items"].size(), 1u);
  EXPECT_EQ(json["items"][0]["where"], "keys[1]");
  EXPECT_EQ(json["items"][0]["certificate"]["subject"], "CN=root");
  EXPECT_THAT(Show("x", R"({"spiffe_sequence":7,"keys":[]})", {}, kNow).text,
              HasSubstr("SPIFFE bundle, sequence 7\n  no X.509 authority"));
}

TEST(Show, ReadsSpiffeBundleMaps) {
  const std::string map = R"({"trust_domains":{"b.example":{"keys":[]},"a.example":)" +
                          KeysJson({KeyJson(*x509::Root().certificate)}) + "}}";
  ShowResult result = Show("x", map, {}, kNow);
  EXPECT_THAT(result.text, AllOf(HasSubstr("trust domain a.example\n  CN=root"),
                                 HasSubstr("trust domain b.example\n  no X.509 authority")));
  const nlohmann::ordered_json& json = result.json;
  EXPECT_EQ(json["format"], "SPIFFE bundle map");
  ASSERT_EQ(json["items"].size(), 1u);
  EXPECT_EQ(json["items"][0]["trust_domain"], "a.example");
}

TEST(Show, ReportsTheErrorOfASpiffeBundle) {
  for (const auto& [bytes, why] : std::vector<std::pair<std::string, std::string>>{
           {R"({"keys":[)", "x: the JSON is truncated"},
           {"{}", "x: it has no 'keys'"},
           {R"({"trust_domains":{"A":{"keys":[]}}})", "x: trust domain 'A': "}}) {
    ShowResult result = Show("x", bytes, {}, kNow);
    EXPECT_FALSE(result.ok);
    EXPECT_THAT(result.text, HasSubstr(why));
    EXPECT_TRUE(result.json.contains("error"));
  }
}

TEST(Show, AFileThatCannotBeReadIsAnError) {
  ShowResult result = Show("x", "hello", {}, kNow);
  EXPECT_FALSE(result.ok);
  EXPECT_THAT(result.text, HasSubstr("x: it is neither PEM"));
  EXPECT_TRUE(result.json.contains("error"));
}

TEST(Show, TheJsonIsCompleteAndValidWhateverTheNamesHold) {
  x509::CertificateTemplate what = x509::ClientTemplate("x");
  what.subject = {{"CN", "a\"\\\x01\n"}};
  what.san.dns = {std::string("\xff\x00<", 3)};
  x509::Credential evil = x509::MakeCredential(what, &x509::Root());
  ShowResult result = Show("x\n", evil.certificate->ToPem() + evil.key->ToPem(), {}, kNow);
  const auto json = nlohmann::json::parse(
      result.json.dump(2, ' ', false, nlohmann::ordered_json::error_handler_t::replace));
  ASSERT_EQ(json["items"].size(), 2u);
  EXPECT_EQ(json["items"][0]["type"], "certificate");
  EXPECT_EQ(json["items"][0]["certificate"]["not_after"], "2027-04-25T08:00:00Z");
  EXPECT_EQ(json["items"][0]["certificate"]["fingerprint_sha256"],
            evil.certificate->fingerprint_sha256());
  EXPECT_EQ(json["items"][1]["type"], "private_key");
}

TEST(Show, NamesCannotSteerTheTerminal) {
  x509::CertificateTemplate what = x509::ClientTemplate("x");
  what.san.dns = {"\x1b[2J\xc2\x9b\xff"};
  std::string text =
      Show("x", x509::MakeCredential(what, &x509::Root()).certificate->ToPem(), {}, kNow).text;
  EXPECT_THAT(text, HasSubstr("\\x1b[2J\\xc2\\x9b\\xff"));
  EXPECT_THAT(text, Not(HasSubstr("\x1b")));
}

TEST(RelativeTime, IsRoundedDown) {
  EXPECT_EQ(RelativeTime(kNow, kNow), "now");
  EXPECT_EQ(RelativeTime(kNow + 12 * kDay + 5, kNow), "in 12 days");
  EXPECT_EQ(RelativeTime(kNow + kDay, kNow), "in 1 day");
  EXPECT_EQ(RelativeTime(kNow + kDay - 1, kNow), "in 23 hours");
  EXPECT_EQ(RelativeTime(kNow - 3 * kDay, kNow), "3 days ago");
  EXPECT_EQ(RelativeTime(kNow + 59, kNow), "in 59 seconds");
  EXPECT_EQ(RelativeTime(kNow + 3650 * kDay, kNow), "in 10 years");
  EXPECT_EQ(DateTime(kNow), "2027-01-15 08:00:00 UTC");
}

TEST(Printable, KeepsText) { EXPECT_EQ(Printable("Jürgen €"), "Jürgen €"); }

}  // namespace
}  // namespace mantlet::certs
