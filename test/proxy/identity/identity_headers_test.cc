#include "proxy/identity/identity_headers.h"

#include <gtest/gtest.h>

#include <string>

#include "test/proxy/identity/edit_certificate.h"

namespace mantlet::identity {
namespace {

using config::ClientCertMode;
using config::IdentityField;
using config::IdentityHeaders;
using config::XfccField;
using config::XfccMode;
using IncomingXfcc = RenderedIdentity::IncomingXfcc;

PeerIdentity Alice() {
  PeerIdentity peer;
  peer.verification = Verification::kSuccess;
  ClientCertificate& certificate = EditCertificate(peer);
  certificate.subject = "CN=alice,O=Acme";
  certificate.issuer = "CN=ca";
  certificate.cn = "alice";
  certificate.serial = "0a1b";
  certificate.fingerprint_sha256 = "256";
  certificate.fingerprint_sha1 = "1";
  certificate.san_uri = {"spiffe://td/alice", "urn:x"};
  certificate.san_dns = {"a.example", "b.example"};
  certificate.ou = {"Night", "Operations"};
  certificate.organization_identifier = {"PSDDE-1"};
  certificate.san_email = {"alice@a.example", "Alice@b.example"};
  certificate.san_ip = {"192.0.2.7", "2001:db8::7"};
  certificate.san_upn = {"alice@corp.example", "zo\xc3\xab@corp.example"};
  certificate.not_before = 0;
  certificate.not_after = 1'800'000'000;
  certificate.der = "leaf";
  certificate.chain_der = {"intermediate"};
  certificate.spiffe_id = "spiffe://td/alice";
  peer.tls = {"TLSv1.3", "TLS_AES_128_GCM_SHA256", "X25519", "api.example", false};
  return peer;
}

IdentityHeaders Only(const std::string& name, IdentityField field) {
  IdentityHeaders headers;
  headers.xfcc = XfccMode::kSanitize;
  headers.set = {{name, field}};
  return headers;
}

std::string Block(const IdentityHeaders& headers, const PeerIdentity& peer) {
  return RenderIdentityHeaders(headers, peer, nullptr).block;
}

std::string Value(IdentityField field, const PeerIdentity& peer) {
  return Block(Only("N", field), peer);
}

TEST(IdentityHeadersTest, RendersEveryFieldOfAVerifiedPeer) {
  const struct {
    IdentityField field;
    const char* value;
  } cases[] = {
      {IdentityField::kVerify, "SUCCESS"},
      {IdentityField::kSubject, "CN=alice,O=Acme"},
      {IdentityField::kIssuer, "CN=ca"},
      {IdentityField::kCn, "alice"},
      {IdentityField::kOu, "Night,Operations"},
      {IdentityField::kOrganizationIdentifier, "PSDDE-1"},
      {IdentityField::kSerial, "0a1b"},
      {IdentityField::kFingerprintSha256, "256"},
      {IdentityField::kFingerprintSha1, "1"},
      {IdentityField::kSpiffeId, "spiffe://td/alice"},
      {IdentityField::kSanUri, "spiffe://td/alice,urn:x"},
      {IdentityField::kSanDns, "a.example,b.example"},
      {IdentityField::kSanEmail, "alice@a.example,Alice@b.example"},
      {IdentityField::kSanIp, "192.0.2.7,2001:db8::7"},
      {IdentityField::kSanUpn, "alice@corp.example,zo\xc3\xab@corp.example"},
      {IdentityField::kNotBefore, "1970-01-01T00:00:00Z"},
      {IdentityField::kNotAfter, "2027-01-15T08:00:00Z"},
      {IdentityField::kCertPemUrlencoded,
       "-----BEGIN%20CERTIFICATE-----%0AbGVhZg%3D%3D%0A-----END%20CERTIFICATE-----%0A"},
      {IdentityField::kCertDerBase64, "bGVhZg=="},
      {IdentityField::kTlsVersion, "TLSv1.3"},
      {IdentityField::kTlsCipher, "TLS_AES_128_GCM_SHA256"},
      {IdentityField::kTlsGroup, "X25519"},
      {IdentityField::kSni, "api.example"},
  };
  for (const auto& c : cases) {
    EXPECT_EQ(Value(c.field, Alice()), "N: " + std::string(c.value) + "\r\n");
  }
}

TEST(IdentityHeadersTest, SendsOnlyVerifyAndTlsFieldsWithoutACertificate) {
  PeerIdentity peer;
  peer.tls.version = "TLSv1.2";
  EXPECT_EQ(Value(IdentityField::kVerify, peer), "N: NONE\r\n");
  EXPECT_EQ(Value(IdentityField::kTlsVersion, peer), "N: TLSv1.2\r\n");
  for (IdentityField field :
       {IdentityField::kSubject, IdentityField::kNotAfter, IdentityField::kSerial,
        IdentityField::kSni, IdentityField::kCertPemUrlencoded, IdentityField::kCertDerBase64}) {
    EXPECT_EQ(Value(field, peer), "");
  }
}

TEST(IdentityHeadersTest, SendsNoFieldsOfACertificateThatDidNotVerify) {
  PeerIdentity peer = Alice();
  peer.verification = Verification::kFailed;
  peer.failure_reason = "expired";
  IdentityHeaders headers = Only("N", IdentityField::kVerify);
  headers.xfcc = XfccMode::kSanitizeSet;
  headers.client_cert = ClientCertMode::kChain;
  headers.set.emplace_back("S", IdentityField::kSubject);
  EXPECT_EQ(Block(headers, peer), "N: FAILED:expired\r\n");
}

TEST(IdentityHeadersTest, WritesClientCertAndChainAsConfigured) {
  IdentityHeaders headers;
  headers.xfcc = XfccMode::kSanitize;
  headers.client_cert = ClientCertMode::kLeaf;
  EXPECT_EQ(Block(headers, Alice()), "Client-Cert: :bGVhZg==:\r\n");
  headers.client_cert = ClientCertMode::kChain;
  EXPECT_EQ(Block(headers, Alice()),
            "Client-Cert: :bGVhZg==:\r\nClient-Cert-Chain: :aW50ZXJtZWRpYXRl:\r\n");
  PeerIdentity alone = Alice();
  EditCertificate(alone).chain_der.clear();
  EXPECT_EQ(Block(headers, alone), "Client-Cert: :bGVhZg==:\r\n");
  EXPECT_EQ(Block(headers, PeerIdentity()), "");
}

TEST(IdentityHeadersTest, FollowsTheXfccModes) {
  const std::string ours = "Hash=256";
  const struct {
    XfccMode mode;
    bool mutual_tls;
    IncomingXfcc incoming;
    std::string block;
    std::string element;
  } cases[] = {
      {XfccMode::kSanitize, true, IncomingXfcc::kRemove, "", ""},
      {XfccMode::kSanitize, false, IncomingXfcc::kRemove, "", ""},
      {XfccMode::kSanitizeSet, true, IncomingXfcc::kRemove,
       "x-forwarded-client-cert: " + ours + "\r\n", ""},
      {XfccMode::kSanitizeSet, false, IncomingXfcc::kRemove, "", ""},
      {XfccMode::kAppendForward, true, IncomingXfcc::kAppend, "", ours},
      {XfccMode::kAppendForward, false, IncomingXfcc::kRemove, "", ""},
      {XfccMode::kForwardOnly, true, IncomingXfcc::kForward, "", ""},
      {XfccMode::kForwardOnly, false, IncomingXfcc::kRemove, "", ""},
      {XfccMode::kAlwaysForwardOnly, true, IncomingXfcc::kForward, "", ""},
      {XfccMode::kAlwaysForwardOnly, false, IncomingXfcc::kForward, "", ""},
  };
  for (const auto& c : cases) {
    IdentityHeaders headers;
    headers.xfcc = c.mode;
    headers.xfcc_fields = {XfccField::kHash};
    const RenderedIdentity rendered =
        RenderIdentityHeaders(headers, c.mutual_tls ? Alice() : PeerIdentity(), nullptr);
    EXPECT_EQ(rendered.incoming_xfcc, c.incoming) << static_cast<int>(c.mode) << c.mutual_tls;
    EXPECT_EQ(rendered.block, c.block) << static_cast<int>(c.mode) << c.mutual_tls;
    EXPECT_EQ(rendered.xfcc_element, c.element) << static_cast<int>(c.mode) << c.mutual_tls;
  }
}

TEST(IdentityHeadersTest, LeavesOutAndCountsValuesThatCannotBeSentInAHeader) {
  const std::string bad[] = {"a\r\nX: y", "a\nb",     std::string("a\0b", 3),
                             "a\x7f",     "\x1b[0m",  "a\xff",
                             "a\xc3",     "\xc0\xaf", "\xed\xa0\x80"};
  for (const std::string& text : bad) {
    PeerIdentity peer = Alice();
    EditCertificate(peer).cn = text;
    EditCertificate(peer).san_dns = {text, "ok.example"};
    IdentityHeaders headers = Only("N", IdentityField::kCn);
    headers.set.emplace_back("D", IdentityField::kSanDns);
    RenderReport report;
    EXPECT_EQ(RenderIdentityHeaders(headers, peer, &report).block, "D: ok.example\r\n") << text;
    EXPECT_EQ(report.unsafe_fields, 2u);
    EXPECT_FALSE(report.clean());
  }
}

TEST(IdentityHeadersTest, LeavesOutANameThatHoldsTheSeparatorOfTheList) {
  PeerIdentity peer = Alice();
  EditCertificate(peer).san_uri = {"urn:a,spiffe://td/admin", "urn:b"};
  EXPECT_EQ(Value(IdentityField::kSanUri, peer), "N: urn:b\r\n");
}

TEST(IdentityHeadersTest, LeavesOutAndCountsWhatLosesItsSpacesOnTheWay) {
  for (const char* text : {" a", "a ", " "}) {
    PeerIdentity peer = Alice();
    EditCertificate(peer).cn = text;
    EditCertificate(peer).san_uri = {text, "urn:ok"};
    IdentityHeaders headers = Only("N", IdentityField::kCn);
    headers.set.emplace_back("U", IdentityField::kSanUri);
    RenderReport report;
    EXPECT_EQ(RenderIdentityHeaders(headers, peer, &report).block, "U: urn:ok\r\n") << text;
    EXPECT_EQ(report.unsafe_fields, 2u);
  }
}

TEST(IdentityHeadersTest, CountsACommonNameThatCannotBeRead) {
  PeerIdentity peer = Alice();
  EditCertificate(peer).cn = "";
  EditCertificate(peer).cn_unreadable = true;
  RenderReport report;
  EXPECT_EQ(RenderIdentityHeaders(Only("N", IdentityField::kCn), peer, &report).block, "");
  EXPECT_EQ(report.unsafe_fields, 1u);
  EditCertificate(peer).cn_unreadable = false;
  RenderIdentityHeaders(Only("N", IdentityField::kCn), peer, &report);
  EXPECT_TRUE(report.clean());
}

// Checks the parts that remain when one part after the other grows beyond the limit.
TEST(IdentityHeadersTest, LeavesOutChainCertificateNamesThenTheRestWhenTooLarge) {
  IdentityHeaders headers;
  headers.xfcc_fields = {XfccField::kHash, XfccField::kDns, XfccField::kCert, XfccField::kChain};
  headers.client_cert = ClientCertMode::kChain;
  headers.set = {{"V", IdentityField::kVerify},
                 {"P", IdentityField::kCertPemUrlencoded},
                 {"D", IdentityField::kSanDns},
                 {"C", IdentityField::kCn}};
  RenderReport report;

  PeerIdentity peer = Alice();
  EditCertificate(peer).chain_der = {std::string(headers.max_bytes, 'x')};
  std::string block = RenderIdentityHeaders(headers, peer, &report).block;
  EXPECT_EQ(report.too_large(), 1u);
  EXPECT_TRUE(report.chain_left_out);
  EXPECT_EQ(block.find("Chain"), std::string::npos);
  EXPECT_NE(block.find("Cert=\""), std::string::npos);
  EXPECT_NE(block.find("Client-Cert: "), std::string::npos);
  EXPECT_LE(block.size(), headers.max_bytes);

  EditCertificate(peer).der = std::string(headers.max_bytes, 'x');
  block = RenderIdentityHeaders(headers, peer, &report).block;
  EXPECT_EQ(report.too_large(), 2u);
  EXPECT_TRUE(report.certificate_left_out);
  EXPECT_EQ(block,
            "x-forwarded-client-cert: Hash=256;DNS=\"a.example\";DNS=\"b.example\"\r\n"
            "V: SUCCESS\r\nD: a.example,b.example\r\nC: alice\r\n");

  EditCertificate(peer).san_dns.assign(5000, "long.example");
  block = RenderIdentityHeaders(headers, peer, &report).block;
  EXPECT_EQ(report.too_large(), 3u);
  EXPECT_TRUE(report.names_left_out);
  EXPECT_EQ(block, "x-forwarded-client-cert: Hash=256\r\nV: SUCCESS\r\nC: alice\r\n");

  EditCertificate(peer).cn.assign(headers.max_bytes, 'x');
  block = RenderIdentityHeaders(headers, peer, &report).block;
  EXPECT_EQ(report.too_large(), 4u);
  EXPECT_TRUE(report.fields_left_out);
  EXPECT_EQ(block, "V: SUCCESS\r\n");
}

TEST(IdentityHeadersTest, ReportsOnlyPartsThatWereLeftOut) {
  IdentityHeaders headers;
  headers.xfcc_fields = {XfccField::kHash, XfccField::kDns};
  headers.max_bytes = 1024;
  PeerIdentity peer = Alice();
  EditCertificate(peer).san_dns.assign(100, "long.example");
  RenderReport report;
  RenderIdentityHeaders(headers, peer, &report);
  EXPECT_EQ(report.too_large(), 1u);
  EXPECT_TRUE(report.names_left_out);
}

// Checks that the result never exceeds the limit, by a single byte.
TEST(IdentityHeadersTest, KeepsTheLimitToTheByte) {
  IdentityHeaders headers;
  headers.xfcc_fields = {XfccField::kHash, XfccField::kSubject, XfccField::kUri, XfccField::kChain};
  headers.client_cert = ClientCertMode::kChain;
  const size_t whole = RenderIdentityHeaders(headers, Alice(), nullptr).block.size();
  for (size_t limit = 0; limit <= whole + 1; ++limit) {
    headers.max_bytes = static_cast<uint32_t>(limit);
    RenderReport report;
    EXPECT_LE(RenderIdentityHeaders(headers, Alice(), &report).block.size(), limit);
    EXPECT_EQ(report.clean(), limit >= whole) << limit;
  }
}

}  // namespace
}  // namespace mantlet::identity
