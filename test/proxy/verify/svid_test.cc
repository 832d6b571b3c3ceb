#include "proxy/verify/svid.h"

#include <string>
#include <utility>
#include <vector>

#include "gtest/gtest.h"
#include "proxy/verify/presented_chain.h"
#include "test/proxy/x509/pki.h"

namespace mantlet::verify {
namespace {

using std::string_literals::operator""s;

constexpr char kKeyUsageOid[] = "2.5.29.15";

x509::CertificateTemplate SvidTemplate() {
  x509::CertificateTemplate what = x509::ClientTemplate("workload");
  what.san.uri = {"spiffe://example.org/web"};
  what.extended_key_usage = {"serverAuth", "clientAuth"};
  return what;
}

LeafSvid Read(const x509::CertificateTemplate& what) {
  return ReadLeafSvid(x509::MakeCredential(what, &x509::Root()).certificate->x509());
}

TEST(LeafSvid, AValidOneHasItsTrustDomain) {
  const LeafSvid svid = Read(SvidTemplate());
  EXPECT_TRUE(svid.claimed);
  EXPECT_EQ(svid.violation, "");
  EXPECT_EQ(svid.trust_domain, "example.org");
}

TEST(LeafSvid, MayLackWhatTheStandardLeavesOpen) {
  x509::CertificateTemplate what = SvidTemplate();
  what.subject = {};
  what.basic_constraints = false;
  what.extended_key_usage = {};
  what.san.dns = {"a.example", "b.example"};
  what.san.ip = {"127.0.0.1"};
  what.key_usage = {"digitalSignature", "keyEncipherment", "keyAgreement"};
  EXPECT_EQ(Read(what).violation, "");
  what.extended_key_usage = {"clientAuth", "1.2.3.4", "serverAuth"};
  EXPECT_EQ(Read(what).violation, "");
}

TEST(LeafSvid, WithoutASpiffeIdNothingIsClaimed) {
  for (const std::vector<std::string>& uris :
       std::vector<std::vector<std::string>>{{}, {"https://a/b"}, {"https://a/b", "urn:x"}}) {
    x509::CertificateTemplate what = SvidTemplate();
    what.san.uri = uris;
    const LeafSvid svid = Read(what);
    EXPECT_FALSE(svid.claimed);
    EXPECT_NE(svid.violation, "");
  }
}

TEST(LeafSvid, HasExactlyOneUri) {
  for (const std::vector<std::string>& uris :
       std::vector<std::vector<std::string>>{{"spiffe://a/b", "spiffe://a/b"},
                                             {"spiffe://a/b", "https://a/b"},
                                             {"https://a/b", "spiffe://a/b"}}) {
    x509::CertificateTemplate what = SvidTemplate();
    what.san.uri = uris;
    const LeafSvid svid = Read(what);
    EXPECT_TRUE(svid.claimed);
    EXPECT_EQ(svid.violation, "it has 2 URI names, but an SVID must have exactly one");
    EXPECT_EQ(svid.trust_domain, "");
  }
}

TEST(LeafSvid, AMalformedIdStaysAClaim) {
  for (const std::string& uri :
       {"spiffe:"s, "spiffe://"s, "SPIFFE://a/b"s, "spiffe://A/b"s, "spiffe://a/b/"s,
        "spiffe://a/b?c"s, "spiffe://a:1/b"s, "spiffe://a/\0b"s, "spiffe://a//b"s}) {
    x509::CertificateTemplate what = SvidTemplate();
    what.san.uri = {uri};
    const LeafSvid svid = Read(what);
    EXPECT_TRUE(svid.claimed) << uri;
    EXPECT_TRUE(svid.violation.starts_with("its SPIFFE ID is malformed: ")) << svid.violation;
    EXPECT_EQ(svid.trust_domain, "");
  }
}

// One change of a valid SVID, and the resulting message.
struct Violation {
  const char* sentence;
  void (*edit)(x509::CertificateTemplate& what);
};

TEST(LeafSvid, EachViolationHasItsMessage) {
  const Violation violations[] = {
      {"its SPIFFE ID has no path, so it does not identify a client",
       [](auto& what) { what.san.uri = {"spiffe://example.org"}; }},
      {"it is a CA certificate", [](auto& what) { what.ca = true; }},
      {"it has no key usage", [](auto& what) { what.no_key_usage = true; }},
      {"its key usage is not marked critical",
       [](auto& what) {
         what.no_key_usage = true;
         what.raw_extensions = {{kKeyUsageOid, false, "\x03\x02\x07\x80"s}};
       }},
      {"its key usage lacks digitalSignature",
       [](auto& what) { what.key_usage = {"keyEncipherment"}; }},
      {"its key usage has keyCertSign",
       [](auto& what) { what.key_usage = {"digitalSignature", "keyCertSign"}; }},
      {"its key usage has cRLSign",
       [](auto& what) { what.key_usage = {"digitalSignature", "cRLSign"}; }},
      {"its extended key usage lacks serverAuth",
       [](auto& what) { what.extended_key_usage = {"clientAuth"}; }},
      {"its extended key usage lacks clientAuth",
       [](auto& what) { what.extended_key_usage = {"serverAuth"}; }},
      {"its extended key usage lacks serverAuth",
       [](auto& what) { what.extended_key_usage = {"2.5.29.37.0"}; }},
  };
  for (const Violation& violation : violations) {
    x509::CertificateTemplate what = SvidTemplate();
    violation.edit(what);
    const LeafSvid svid = Read(what);
    EXPECT_TRUE(svid.claimed);
    EXPECT_EQ(svid.violation, violation.sentence);
  }
}

TEST(LeafSvid, ExtensionsThatCannotBeReadAreViolations) {
  const std::pair<const char*, const char*> kExtensions[] = {
      {"2.5.29.17", "its subject alternative names cannot be read"},
      {"2.5.29.19", "its basic constraints cannot be read"},
      {kKeyUsageOid, "its key usage cannot be read"},
      {"2.5.29.37", "its extended key usage cannot be read"},
  };
  for (const auto& [oid, sentence] : kExtensions) {
    x509::CertificateTemplate what = SvidTemplate();
    // A second extension of the same kind (RFC 5280, 4.2).
    what.raw_extensions = {{oid, true, "\x30\x00"s}};
    const absl::StatusOr<x509::PrivateKeyPtr> key = x509::GenerateKey(x509::KeyType::kP256);
    const absl::StatusOr<std::string> der = x509::IssueDer(what, **key, &x509::Root());
    ASSERT_TRUE(der.ok());
    const std::string_view ders[] = {*der};
    absl::StatusOr<PresentedChain> chain = PresentedChain::Parse(ders);
    ASSERT_TRUE(chain.ok()) << chain.status();
    const LeafSvid svid = ReadLeafSvid(chain->x509(0));
    EXPECT_TRUE(svid.claimed);
    EXPECT_EQ(svid.violation, sentence);
  }
}

std::string Signer(const std::vector<std::string>& uris) {
  x509::CertificateTemplate what = x509::CaTemplate("ca");
  what.san.uri = uris;
  return SignerViolation(x509::MakeCredential(what, &x509::Root()).certificate->x509(),
                         "example.org");
}

TEST(SvidSigner, NeedsNoIdButMayHaveThatOfItsTrustDomain) {
  EXPECT_EQ(Signer({}), "");
  EXPECT_EQ(Signer({"https://ca.example"}), "");
  EXPECT_EQ(Signer({"spiffe://example.org"}), "");
  EXPECT_EQ(Signer({"spiffe://example.org/"}), "");
}

TEST(SvidSigner, HasNoIdOfAWorkloadOrOfAnotherTrustDomain) {
  EXPECT_EQ(Signer({"spiffe://example.org/ca"}),
            "the CA's SPIFFE ID has a path, so it does not identify a CA");
  EXPECT_EQ(Signer({"spiffe://example.com"}),
            "the CA has the SPIFFE ID of another trust domain, example.com");
  EXPECT_EQ(Signer({"spiffe://example.org", "spiffe://example.com"}),
            "the CA has the SPIFFE ID of another trust domain, example.com");
  EXPECT_EQ(Signer({"spiffe://Example.org"}),
            "the CA's SPIFFE ID is malformed: the trust domain is not in lower case");
  EXPECT_NE(Signer({"spiffe://example.org//"}), "");
}

}  // namespace
}  // namespace mantlet::verify
