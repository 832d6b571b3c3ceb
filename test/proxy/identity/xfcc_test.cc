#include "proxy/identity/xfcc.h"

#include <gtest/gtest.h>

#include <string>

#include "test/proxy/identity/edit_certificate.h"
#include "test/proxy/identity/xfcc_reader.h"

namespace mantlet::identity {
namespace {

using config::XfccField;
using testing::Escapes;
using testing::ReadXfcc;
using testing::XfccElement;

PeerIdentity Alice() {
  PeerIdentity peer;
  peer.verification = Verification::kSuccess;
  ClientCertificate& certificate = EditCertificate(peer);
  certificate.subject = "CN=alice,O=Acme\\, Inc.";
  certificate.fingerprint_sha256 = "00ff";
  certificate.san_uri = {"spiffe://a/alice"};
  certificate.san_dns = {"alice.example", "www.alice.example"};
  certificate.der = "leaf";
  certificate.chain_der = {"intermediate"};
  peer.local_san_uri = std::make_shared<const std::vector<std::string>>(1, "spiffe://a/server");
  return peer;
}

const std::vector<XfccField> kDefaults = {XfccField::kBy, XfccField::kHash, XfccField::kSubject,
                                          XfccField::kUri, XfccField::kDns};

std::string Render(const PeerIdentity& peer, size_t* unsafe = nullptr,
                   const std::vector<XfccField>& fields = kDefaults) {
  size_t count = 0;
  std::string element = RenderXfccElement({fields}, peer, &count);
  if (unsafe != nullptr) *unsafe = count;
  return element;
}

TEST(XfccTest, WritesTheFieldsInTheConfiguredOrder) {
  EXPECT_EQ(Render(Alice()),
            "By=\"spiffe://a/server\";Hash=00ff;Subject=\"CN=alice,O=Acme\\, Inc.\";"
            "URI=\"spiffe://a/alice\";DNS=\"alice.example\";DNS=\"www.alice.example\"");
  EXPECT_EQ(Render(Alice(), nullptr, {XfccField::kDns, XfccField::kHash}),
            "DNS=\"alice.example\";DNS=\"www.alice.example\";Hash=00ff");
}

TEST(XfccTest, WritesCertificatesAsUrlEncodedPemLeafFirst) {
  EXPECT_EQ(Render(Alice(), nullptr, {XfccField::kCert}),
            "Cert=\"-----BEGIN%20CERTIFICATE-----%0AbGVhZg%3D%3D%0A-----END%20CERTIFICATE-----"
            "%0A\"");
  EXPECT_EQ(Render(Alice(), nullptr, {XfccField::kChain}),
            "Chain=\"-----BEGIN%20CERTIFICATE-----%0AbGVhZg%3D%3D%0A-----END%20CERTIFICATE-----"
            "%0A-----BEGIN%20CERTIFICATE-----%0AaW50ZXJtZWRpYXRl%0A-----END%20CERTIFICATE-----"
            "%0A\"");
}

TEST(XfccTest, LeavesOutCertificatesIfRequested) {
  size_t unsafe = 0;
  const std::vector<XfccField> fields = {XfccField::kHash, XfccField::kCert, XfccField::kChain};
  EXPECT_EQ(RenderXfccElement({fields, false, false}, Alice(), &unsafe), "Hash=00ff");
}

TEST(XfccTest, CannotBeForgedWithSeparatorsInANameForAnyKindOfReader) {
  const char* const names[] = {
      "CN=x;Cert=forged",
      "CN=x,Hash=forged",
      "CN=x\\\"\\;Cert=\\\"forged",
      "CN=x\\\\",
      "CN=x\\\\\\\";Hash=\\\"f",
      "CN=x\\ ",
      "CN=\xc3\xa9",
      "CN=\\C3\\A9",
  };
  for (const char* name : names) {
    PeerIdentity peer = Alice();
    EditCertificate(peer).subject = name;
    for (Escapes escapes : {Escapes::kQuoteOnly, Escapes::kAnything}) {
      const auto list = ReadXfcc(Render(peer), escapes);
      ASSERT_TRUE(list.has_value()) << name;
      ASSERT_EQ(list->size(), 1u) << name;
      const XfccElement& element = (*list)[0];
      ASSERT_EQ(element.size(), 6u) << name;
      EXPECT_EQ(element[1].second, "00ff");
      EXPECT_EQ(element[2].first, "Subject");
      EXPECT_EQ(element[3].first, "URI");
    }
    const auto exact = ReadXfcc(Render(peer), Escapes::kQuoteOnly);
    EXPECT_EQ((*exact)[0][2].second, QuotableName(name));
  }
}

TEST(XfccTest, EscapesAQuoteInAUri) {
  PeerIdentity peer = Alice();
  EditCertificate(peer).san_uri = {"urn:a\";Hash=\"forged"};
  EXPECT_EQ(Render(peer, nullptr, {XfccField::kUri}), "URI=\"urn:a\\\";Hash=\\\"forged\"");
}

TEST(XfccTest, LeavesOutAndCountsValuesThatCannotBeSentInAHeader) {
  PeerIdentity peer = Alice();
  EditCertificate(peer).subject = std::string("CN=a\0b", 6);
  EditCertificate(peer).san_uri = {"urn:ok", "urn:\r\nX: y", "urn:\xff", "urn:\\", "urn:\x7f"};
  EditCertificate(peer).san_dns = {"", "a\tb", "\xc2\x85"};
  size_t unsafe = 0;
  EXPECT_EQ(Render(peer, &unsafe), "By=\"spiffe://a/server\";Hash=00ff;URI=\"urn:ok\"");
  EXPECT_EQ(unsafe, 8u);
}

TEST(XfccTest, IsEmptyIfThereIsNothingToSend) { EXPECT_EQ(Render(PeerIdentity()), ""); }

TEST(XfccTest, AcceptsIncomingListsWithOneReading) {
  const char* const good[] = {
      "Hash=00",
      "By=spiffe://a/b;Hash=00;Subject=\"CN=x,O=y\";URI=spiffe://a/c",
      "Hash=00,Hash=01",
      "Hash=00, Hash=01",
      "Subject=\"a\\\"b\";Hash=1",
      "Subject=\"CN=a\\, b\"",
      "Subject=\"\";URI=",
      "URI=http://h/?a=b",
  };
  for (const char* list : good) EXPECT_TRUE(IsWellFormedXfcc(list)) << list;
}

TEST(XfccTest, RejectsIncomingListsThatCouldSwallowOrForgeAnElement) {
  const char* const bad[] = {
      "a=\"x\\\\\",Hash=\"",
      "",
      "Hash",
      "=x",
      ",",
      "Hash=00,",
      "Hash=00;",
      "a=\"b",
      "a=\"b\\\"",
      "a=\"b\"c",
      "a=b\"c\"",
      "a=\"b\\\\\";c=d",
      "a=\"\\\\\\\"",
      "a=\"b\" c",
      "Ha sh=\"x\"",
      "\"Hash\"=00",
      ";Hash=00",
  };
  for (const char* list : bad) EXPECT_FALSE(IsWellFormedXfcc(list)) << list;
}

}  // namespace
}  // namespace mantlet::identity
