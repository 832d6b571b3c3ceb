#include "proxy/connect/alerts.h"

#include <gtest/gtest.h>

namespace mantlet::connect {
namespace {

AlertContext Asked() {
  AlertContext context;
  context.asked = true;
  return context;
}

AlertContext Sent() {
  AlertContext context = Asked();
  context.sent_certificate = true;
  context.certificate = "CN=a";
  context.issuer = "CN=ca";
  return context;
}

TEST(Alerts, HaveTheNamesOfTheRfc) {
  EXPECT_EQ(AlertName(48), "48 (unknown_ca)");
  EXPECT_EQ(AlertName(116), "116 (certificate_required)");
  EXPECT_EQ(AlertName(99), "99 (unknown)");
}

TEST(Alerts, AMissingCertificateIsNamedForEachAlertThatServersSendForIt) {
  for (const int alert : {40, 42, 46, 48, 116}) {
    const Verdict verdict = ExplainAlert(static_cast<uint8_t>(alert), Asked());
    EXPECT_EQ(verdict.party, Party::kClient) << alert;
    EXPECT_NE(verdict.hint.find("--cert"), std::string::npos) << alert;
  }
}

TEST(Alerts, ARefusedCertificateIsNamedWithItsIssuer) {
  const Verdict verdict = ExplainAlert(48, Sent());
  EXPECT_EQ(verdict.party, Party::kClient);
  EXPECT_NE(verdict.what.find("CN=a"), std::string::npos);
  EXPECT_NE(verdict.what.find("CN=ca"), std::string::npos);
  for (const int alert : {40, 42, 43, 44, 45, 46, 49}) {
    EXPECT_NE(ExplainAlert(static_cast<uint8_t>(alert), Sent()).what.find("CN=a"),
              std::string::npos)
        << alert;
  }
}

TEST(Alerts, AHandshakeFailureBeforeAnyCertificateIsTheServers) {
  EXPECT_EQ(ExplainAlert(40, {}).party, Party::kServer);
  EXPECT_EQ(ExplainAlert(70, {}).party, Party::kServer);
}

TEST(Alerts, NamesAreTheClients) {
  AlertContext context;
  EXPECT_NE(ExplainAlert(112, context).what.find("none was sent"), std::string::npos);
  context.server_name = "a.example";
  context.protocols = "h2";
  EXPECT_NE(ExplainAlert(112, context).what.find("a.example"), std::string::npos);
  EXPECT_NE(ExplainAlert(120, context).what.find("h2"), std::string::npos);
}

TEST(Alerts, EveryAlertHasASentence) {
  for (int alert = 0; alert < 256; ++alert) {
    const Verdict verdict = ExplainAlert(static_cast<uint8_t>(alert), Sent());
    EXPECT_FALSE(verdict.what.empty() || verdict.hint.empty()) << alert;
  }
}

}  // namespace
}  // namespace mantlet::connect
