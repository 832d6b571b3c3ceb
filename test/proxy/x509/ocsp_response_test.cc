#include "proxy/x509/ocsp_response.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "test/proxy/x509/ocsp_maker.h"
#include "test/proxy/x509/pki.h"

namespace mantlet::x509 {
namespace {

using ::testing::HasSubstr;

const Credential& Server() {
  static const Credential server =
      MakeCredential(ServerTemplate("server", {"server.example"}), &Root());
  return server;
}

Credential Responder(const Credential& issuer, std::vector<std::string> usage) {
  CertificateTemplate what = ServerTemplate("responder", {});
  what.extended_key_usage = std::move(usage);
  return MakeCredential(what, &issuer);
}

// Returns "good" or the error.
std::string Verdict(const std::string& der,
                    const std::vector<CertificatePtr>& authorities = {Root().certificate}) {
  auto response = OcspResponse::Parse(der);
  if (!response.ok()) return std::string(response.status().message());
  auto valid = response->Validate(*Server().certificate, authorities, kNow);
  if (!valid.ok()) return std::string(valid.status().message());
  return valid->signer == nullptr ? "good, unsigned" : "good";
}

std::string Verdict(const OcspTemplate& what) {
  return Verdict(MakeOcsp(what, *Server().certificate, Root()));
}

TEST(OcspResponse, OfTheIssuerIsGoodUntilNextUpdate) {
  const std::string der = MakeOcsp(OcspTemplate::Good(), *Server().certificate, Root());
  auto response = OcspResponse::Parse(der);
  ASSERT_TRUE(response.ok()) << response.status();
  auto valid = response->Validate(*Server().certificate, {Root().certificate}, kNow);
  ASSERT_TRUE(valid.ok()) << valid.status();
  EXPECT_EQ(valid->answer.this_update, kNow - 3600);
  EXPECT_EQ(valid->answer.next_update, kNow + kDay);
  EXPECT_EQ(valid->signer, Root().certificate);
}

TEST(OcspResponse, OfAnUnknownIssuerIsAcceptedUnchecked) {
  EXPECT_EQ(Verdict(MakeOcsp(OcspTemplate::Good(), *Server().certificate, Root()), {}),
            "good, unsigned");
}

TEST(OcspResponse, OfAResponderThatTheIssuerNamedIsGood) {
  const Credential responder = Responder(Root(), {"1.3.6.1.5.5.7.3.9"});
  OcspTemplate what = OcspTemplate::Good();
  what.responder = &responder;
  what.with_certificate = true;
  EXPECT_EQ(Verdict(what), "good");
  what.with_certificate = false;
  EXPECT_THAT(Verdict(what), HasSubstr("signed neither by"));
}

TEST(OcspResponse, MayHaveDigestedEitherEncodingOfTheIssuersName) {
  CertificateTemplate leaf = ServerTemplate("server", {"server.example"});
  leaf.printable_issuer = true;
  const Credential server = MakeCredential(leaf, &Root());
  CertificateTemplate named = ServerTemplate("responder", {});
  named.extended_key_usage = {"1.3.6.1.5.5.7.3.9"};
  named.printable_issuer = true;
  const Credential responder = MakeCredential(named, &Root());
  for (const bool leafs : {false, true}) {
    for (const Credential* signer : {static_cast<const Credential*>(nullptr), &responder}) {
      OcspTemplate what = OcspTemplate::Good();
      what.leafs_encoding = leafs;
      what.responder = signer;
      what.with_certificate = signer != nullptr;
      auto response = OcspResponse::Parse(MakeOcsp(what, *server.certificate, Root()));
      ASSERT_TRUE(response.ok()) << response.status();
      auto valid = response->Validate(*server.certificate, {Root().certificate}, kNow);
      EXPECT_TRUE(valid.ok()) << valid.status();
    }
  }
}

TEST(OcspResponse, OfAnotherSignerIsRejected) {
  OcspTemplate what = OcspTemplate::Good();
  what.with_certificate = true;
  const Credential no_responder = Responder(Root(), {"serverAuth"});
  const Credential stranger = MakeCredential(CaTemplate("stranger"), nullptr);
  const Credential strangers = Responder(stranger, {"1.3.6.1.5.5.7.3.9"});
  for (const Credential* signer : {&no_responder, &stranger, &strangers}) {
    what.responder = signer;
    EXPECT_THAT(Verdict(what), HasSubstr("signed neither by"));
  }
}

TEST(OcspResponse, ThatIsNotGoodIsRejectedWithItsStatus) {
  OcspTemplate what = OcspTemplate::Good();
  what.status = std::string("\xa1\x11\x18\x0f") + "20260101000000Z";
  EXPECT_THAT(Verdict(what), HasSubstr("the status revoked"));
  what.status = std::string("\x82\0", 2);
  EXPECT_THAT(Verdict(what), HasSubstr("the status unknown"));
}

TEST(OcspResponse, AboutAnotherCertificateIsRejected) {
  OcspTemplate what = OcspTemplate::Good();
  what.serial = "\x01\x02";
  EXPECT_THAT(Verdict(what), HasSubstr("(serial number 0102)"));
  // The right serial number, but of another CA.
  EXPECT_THAT(Verdict(MakeOcsp(OcspTemplate::Good(), *Server().certificate,
                               MakeCredential(CaTemplate("another"), nullptr))),
              HasSubstr("another certificate"));
}

TEST(OcspResponse, ThatIsAnErrorOfTheResponderIsNamed) {
  OcspTemplate what = OcspTemplate::Good();
  what.code = 3;
  EXPECT_THAT(Verdict(what), HasSubstr("tryLater"));
}

TEST(OcspResponse, CutOffAnywhereOrFollowedByAnythingIsRejected) {
  const std::string der = MakeOcsp(OcspTemplate::Good(), *Server().certificate, Root());
  for (size_t size = 0; size < der.size(); ++size) {
    EXPECT_FALSE(OcspResponse::Parse(der.substr(0, size)).ok()) << size;
  }
  EXPECT_FALSE(OcspResponse::Parse(der + "x").ok());
}

TEST(OcspResponse, ChangedInAnyByteIsRejected) {
  const std::string der = MakeOcsp(OcspTemplate::Good(), *Server().certificate, Root());
  for (size_t i = 0; i < der.size(); ++i) {
    std::string changed = der;
    changed[i] = static_cast<char>(changed[i] ^ 1);
    EXPECT_NE(Verdict(changed), "good") << i;
  }
}

}  // namespace
}  // namespace mantlet::x509
