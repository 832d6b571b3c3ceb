#include "test/verify/line_verifier.h"

#include <initializer_list>
#include <nlohmann/json.hpp>
#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "test/proxy/x509/pki.h"

namespace mantlet::verify {
namespace {

using nlohmann::json;
using testing::HasSubstr;
using x509::Credential;

std::string Pem(const Credential& credential) { return credential.certificate->ToPem(); }

json Pems(std::initializer_list<const Credential*> credentials) {
  json list = json::array();
  for (const Credential* credential : credentials) list.push_back(Pem(*credential));
  return list;
}

const Credential& Client() {
  static const Credential* client =
      new Credential(MakeCredential(x509::ClientTemplate("client"), &x509::Intermediate()));
  return *client;
}

json GoodQuestion() {
  return {{"chain", Pems({&Client(), &x509::Intermediate()})},
          {"trust", Pems({&x509::Root()})},
          {"time", "2027-01-15T08:00:00Z"}};
}

json Ask(const json& question) {
  const std::string answer = VerifyLine(question.dump(), x509::kNow);
  EXPECT_EQ(answer.find('\n'), std::string::npos);
  return json::parse(answer);
}

TEST(LineVerifier, AcceptsAGoodChainAndSaysUntilWhen) {
  const json answer = Ask(GoodQuestion());
  EXPECT_EQ(answer["verdict"], "accept") << answer;
  EXPECT_EQ(answer["reason"], "");
  EXPECT_EQ(answer["valid_until"], x509::kNow + 100 * x509::kDay + 1);
}

TEST(LineVerifier, RejectsWithTheLabelOfTheMetricAndTheCertificateAtFault) {
  x509::CertificateTemplate what = x509::ClientTemplate("late");
  what.not_after = x509::kNow - 1;
  const Credential late = MakeCredential(what, &x509::Root());
  json question = GoodQuestion();
  question["chain"] = Pems({&late});
  const json answer = Ask(question);
  EXPECT_EQ(answer["verdict"], "reject");
  EXPECT_EQ(answer["reason"], "expired");
  EXPECT_EQ(answer["depth"], 0);
  EXPECT_EQ(answer["subject"], "CN=late");
  EXPECT_THAT(answer["detail"].get<std::string>(), HasSubstr("expired"));
}

TEST(LineVerifier, OneStringMayHoldSeveralCertificates) {
  json question = GoodQuestion();
  question["chain"] = Pem(Client()) + Pem(x509::Intermediate());
  question["trust"] = {Pem(x509::Intermediate()) + Pem(x509::Root())};
  EXPECT_EQ(Ask(question)["verdict"], "accept");
}

TEST(LineVerifier, ReadsTimesOfAnyOffset) {
  json question = GoodQuestion();
  question["time"] = "2037-01-15T10:00:00.5+02:00";
  EXPECT_EQ(Ask(question)["reason"], "expired");
}

TEST(LineVerifier, WithoutATimeItIsNow) {
  json question = GoodQuestion();
  question.erase("time");
  EXPECT_EQ(Ask(question)["verdict"], "accept");
  EXPECT_EQ(json::parse(VerifyLine(question.dump(), x509::kNow + 1000 * x509::kDay))["reason"],
            "expired");
}

TEST(LineVerifier, OptionsReachTheVerifier) {
  json question = GoodQuestion();
  question["options"] = {{"purpose", "server"}};
  EXPECT_EQ(Ask(question)["reason"], "wrong_purpose");
  question["options"] = {{"max_depth", 0}};
  EXPECT_EQ(Ask(question)["reason"], "path_too_long");
}

TEST(LineVerifier, ARevocationListCanBeRequired) {
  json question = GoodQuestion();
  question["options"] = {{"crl_policy", "if_present"}, {"crl_expired", "use"}};
  EXPECT_EQ(Ask(question)["verdict"], "accept");
  question["options"]["crl_policy"] = "require";
  EXPECT_EQ(Ask(question)["reason"], "crl_missing");
}

TEST(LineVerifier, OnlyPinnedKeysAreAcceptedIfAnyArePinned) {
  json question = GoodQuestion();
  question["options"] = {{"spki_pins", {Client().certificate->public_key().spki_sha256}}};
  EXPECT_EQ(Ask(question)["verdict"], "accept");
  question["options"] = {{"spki_pins", {std::string(64, '0')}}};
  EXPECT_EQ(Ask(question)["reason"], "not_pinned");
}

TEST(LineVerifier, AnUnknownOptionIsNamedAndIgnored) {
  json question = GoodQuestion();
  question["options"] = {{"colour", "blue"}};
  const json answer = Ask(question);
  EXPECT_EQ(answer["verdict"], "accept");
  EXPECT_THAT(answer["warnings"][0].get<std::string>(), HasSubstr("options.colour"));
}

TEST(LineVerifier, WhatCannotBeReadIsRejectedForThatReason) {
  for (const char* line :
       {"", "{", "[]", "7", R"({"chain":7})", R"({"chain":[7]})", R"({"chain":["no PEM"]})",
        R"({"time":"yesterday"})", R"({"time":7})", R"({"options":[]})",
        R"({"options":{"purpose":"both"}})", R"({"options":{"max_depth":-1}})",
        R"({"options":{"partial_chain":1}})", R"({"crls":["x"]})",
        R"({"options":{"crl_policy":"no"}})", R"({"options":{"spki_pins":["x"]}})",
        R"({"crls":["-----BEGIN X509 CRL-----\nAAAA\n-----END X509 CRL-----\n"]})", "\xff\xfe"}) {
    const json answer = json::parse(VerifyLine(line, x509::kNow));
    EXPECT_EQ(answer["verdict"], "reject") << line;
    EXPECT_EQ(answer["reason"], "bad_input") << line;
    EXPECT_FALSE(answer["detail"].get<std::string>().empty()) << line;
  }
}

TEST(LineVerifier, ATrustAnchorThatCannotBeReadIsLeftOutWithAWarning) {
  json question = GoodQuestion();
  question["trust"].push_back("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n");
  const json answer = Ask(question);
  EXPECT_EQ(answer["verdict"], "accept");
  EXPECT_THAT(answer["warnings"][0].get<std::string>(), HasSubstr("certificate 2"));
}

}  // namespace
}  // namespace mantlet::verify
