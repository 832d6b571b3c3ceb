#include "proxy/x509/certificate.h"

#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "proxy/x509/der_writer.h"
#include "test/proxy/x509/pki.h"

namespace mantlet::x509 {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

TEST(Certificate, HasTheFieldsThatItWasIssuedWith) {
  CertificateTemplate what = ServerTemplate("example", {"example.com", "*.example.com"});
  what.subject = {{"C", "DE"}, {"O", "Example, Inc."}, {"CN", "example"}};
  what.san.ip = {"127.0.0.1", "::1"};
  what.san.uri = {"spiffe://example.com/server"};
  what.serial_hex = "00ab12";
  Credential server = MakeCredential(what, &Intermediate());
  const Certificate& c = *server.certificate;
  EXPECT_EQ(c.subject(), "CN=example,O=Example\\, Inc.,C=DE");
  EXPECT_EQ(c.issuer(), "CN=intermediate");
  EXPECT_EQ(c.cn(), "example");
  EXPECT_EQ(c.serial(), "ab12");
  EXPECT_EQ(c.not_before(), what.not_before);
  EXPECT_EQ(c.not_after(), what.not_after);
  EXPECT_THAT(c.san().dns, ElementsAre("example.com", "*.example.com"));
  EXPECT_THAT(c.san().ip, ElementsAre("127.0.0.1", "::1"));
  EXPECT_THAT(c.san().uri, ElementsAre("spiffe://example.com/server"));
  EXPECT_THAT(c.key_usage(), ElementsAre("digitalSignature"));
  EXPECT_THAT(c.extended_key_usage(), ElementsAre("serverAuth"));
  EXPECT_TRUE(c.for_server());
  EXPECT_FALSE(c.for_client());
  EXPECT_FALSE(c.is_ca());
  EXPECT_EQ(c.public_key().text, "ECDSA P-256");
  EXPECT_EQ(c.signature_algorithm(), "ecdsa-with-SHA256");
  EXPECT_EQ(c.fingerprint_sha256().size(), 64u);
  EXPECT_EQ(c.fingerprint_sha1().size(), 40u);
  EXPECT_EQ(c.authority_key_id(), Intermediate().certificate->subject_key_id());
}

TEST(Certificate, RecognizesItsIssuer) {
  EXPECT_TRUE(Intermediate().certificate->IssuedBy(*Root().certificate));
  EXPECT_FALSE(Root().certificate->IssuedBy(*Intermediate().certificate));
  EXPECT_TRUE(Root().certificate->self_signed());
  EXPECT_FALSE(Intermediate().certificate->self_signed());
  // A CA with the same name and another key did not issue it.
  Credential impostor = MakeCredential(CaTemplate("root"), nullptr);
  EXPECT_FALSE(Intermediate().certificate->IssuedBy(*impostor.certificate));
}

TEST(Certificate, PathLengthOfACa) {
  EXPECT_EQ(Root().certificate->path_length(), -1);
  CertificateTemplate what = CaTemplate("short");
  what.path_length = 0;
  EXPECT_EQ(MakeCredential(what, nullptr).certificate->path_length(), 0);
}

TEST(Certificate, WeakKeysAndSignaturesAreNamed) {
  EXPECT_THAT(MakeCredential(ClientTemplate("c"), &Root(), KeyType::kRsa1024)
                  .certificate->public_key()
                  .weakness,
              HasSubstr("RSA 1024"));
  EXPECT_THAT(MakeCredential(ClientTemplate("c"), &Root(), KeyType::kP224)
                  .certificate->public_key()
                  .weakness,
              HasSubstr("P-224"));
  for (KeyType type : {KeyType::kP256, KeyType::kP384, KeyType::kEd25519, KeyType::kRsa2048}) {
    EXPECT_THAT(
        MakeCredential(ClientTemplate("c"), &Root(), type).certificate->public_key().weakness,
        IsEmpty());
  }
  CertificateTemplate sha1 = ClientTemplate("c");
  sha1.digest = CertificateTemplate::Digest::kSha1;
  EXPECT_TRUE(MakeCredential(sha1, &Root()).certificate->weak_signature());
  EXPECT_FALSE(Root().certificate->weak_signature());
}

TEST(Certificate, ControlBytesOfNamesAreEscapedAndNothingIsCutAtANul) {
  CertificateTemplate what = ClientTemplate("x");
  what.subject = {{"CN", std::string("ad\0min\n", 7)}};
  EXPECT_EQ(MakeCredential(what, &Root()).certificate->subject(), "CN=ad\\00min\\0a");
}

// Replaces the common name "AB" by another encoding; the signature no longer matches.
std::string WithCommonName(std::string_view tag_and_value) {
  std::string der = MakeCredential(ClientTemplate("AB"), &Root()).certificate->der();
  size_t place = der.find(std::string("\x0c\x02") + "AB");
  return der.replace(place, 4,
                     std::string{tag_and_value[0], 2} + std::string(tag_and_value.substr(1)));
}

TEST(Certificate, InvalidUtf8InANameIsRejectedOrShowsAsHex) {
  auto certificate = Certificate::FromDer(WithCommonName("\x0c\xff\xfe"));
  if (certificate.ok()) {
    EXPECT_EQ((*certificate)->subject(), "CN=#0c02fffe");
  }
}

TEST(Certificate, NamesInOtherEncodingsBecomeUtf8) {
  auto latin = Certificate::FromDer(WithCommonName("\x14\xfcr"));  // T61String
  ASSERT_TRUE(latin.ok()) << latin.status();
  EXPECT_EQ((*latin)->subject(), "CN=ür");
  auto wide = Certificate::FromDer(WithCommonName("\x1e\x20\xac"));  // BMPString
  ASSERT_TRUE(wide.ok()) << wide.status();
  EXPECT_EQ((*wide)->subject(), "CN=€");
}

TEST(Certificate, AStringOfAsciiThatHoldsMoreShowsAsHex) {
  for (const char* value : {"\x16\xc3\xab",
                            "\x13\xeb"
                            "a",
                            "\x12\xff\xff"}) {
    auto certificate = Certificate::FromDer(WithCommonName(value));
    ASSERT_TRUE(certificate.ok()) << certificate.status();
    EXPECT_THAT((*certificate)->subject(), testing::StartsWith("CN=#"));
    EXPECT_EQ((*certificate)->cn(), "");
  }
}

TEST(Certificate, ValuesThatAreNoStringsShowTheirWholeDer) {
  auto bits = Certificate::FromDer(WithCommonName(std::string("\x03\x05\xe0", 3)));
  ASSERT_TRUE(bits.ok()) << bits.status();
  EXPECT_EQ((*bits)->subject(), "CN=#030205e0");  // the number of unused bits is part of it
  auto sequence = Certificate::FromDer(WithCommonName(std::string("\x30\x05\x00", 3)));
  ASSERT_TRUE(sequence.ok()) << sequence.status();
  EXPECT_EQ((*sequence)->subject(), "CN=#30020500");
}

TEST(Certificate, ANameThatIsNoStringShowsAsHex) {
  auto certificate = Certificate::FromDer(WithCommonName("\x04\x01\x02"));  // OCTET STRING
  if (certificate.ok()) {
    EXPECT_EQ((*certificate)->subject(), "CN=#04020102");
  }
}

TEST(Certificate, SpecialCharactersOfNamesAreEscapedByRfc2253) {
  struct {
    const char* value;
    const char* shown;
  } cases[] = {{" a", "\\ a"},         {"a ", "a\\20"},      {"#a", "\\#a"}, {"a#", "a#"},
               {"a,b", "a\\,b"},       {"a+b", "a\\+b"},     {"\"", "\\\""}, {"a\\b", "a\\\\b"},
               {"<x>;", "\\<x\\>\\;"}, {"Jürgen", "Jürgen"}, {"a=b", "a=b"}};
  for (const auto& [value, shown] : cases) {
    CertificateTemplate what = ClientTemplate(value);
    EXPECT_EQ(MakeCredential(what, &Root()).certificate->subject(), std::string("CN=") + shown);
  }
}

TEST(Certificate, TheLastCommonNameIsTheMostSpecific) {
  CertificateTemplate what = ClientTemplate("x");
  what.subject = {{"CN", "outer"}, {"OU", "unit"}, {"CN", "inner"}};
  EXPECT_EQ(MakeCredential(what, &Root()).certificate->cn(), "inner");
}

TEST(Certificate, AnEmptySubjectIsAnEmptyString) {
  CertificateTemplate what = ClientTemplate("x");
  what.subject = {};
  what.san.uri = {"spiffe://a/b"};
  EXPECT_EQ(MakeCredential(what, &Root()).certificate->subject(), "");
}

TEST(Certificate, ASerialNumberOfZeroIsShown) {
  CertificateTemplate what = ClientTemplate("x");
  what.serial_hex = "00";
  EXPECT_EQ(MakeCredential(what, &Root()).certificate->serial(), "00");
}

TEST(Certificate, EveryTruncationIsRejected) {
  const std::string& der = Intermediate().certificate->der();
  for (size_t size = 0; size < der.size(); ++size) {
    EXPECT_FALSE(Certificate::FromDer(der.substr(0, size)).ok()) << size;
  }
  EXPECT_FALSE(Certificate::FromDer(der + "x").ok());
  EXPECT_TRUE(Certificate::FromDer(der).ok());
}

TEST(Certificate, FlippedBytesNeverCrashIt) {
  const std::string& der = Intermediate().certificate->der();
  for (size_t i = 0; i < der.size(); ++i) {
    std::string damaged = der;
    damaged[i] = static_cast<char>(damaged[i] ^ 0x55);
    auto certificate = Certificate::FromDer(damaged);
    if (certificate.ok()) {
      EXPECT_FALSE((*certificate)->IssuedBy(*Root().certificate)) << i;
    }
  }
}

TEST(Certificate, ADamagedAlternativeNameExtensionIsRejected) {
  CertificateTemplate what = ClientTemplate("x");
  what.raw_extensions = {{"2.5.29.17", false, "\x30\x05\x82"}};
  absl::StatusOr<PrivateKeyPtr> key = GenerateKey(KeyType::kP256);
  absl::StatusOr<std::string> der = IssueDer(what, **key, &Root());
  ASSERT_TRUE(der.ok()) << der.status();
  EXPECT_FALSE(Certificate::FromDer(*der).ok());
}

// A DSA certificate may take its domain parameters from the issuer's (RFC 3279, 2.3.2); querying
// the library for the size of such a key would end the process.
TEST(Certificate, ADsaKeyWithoutParametersIsAWeakKeyAndNothingWorse) {
  const std::string name;  // empty
  const std::string algorithm =
      der::Element(der::kSequence, der::Element(0x06, "\x2a\x86\x48\xce\x38\x04\x03"));
  const std::string spki = der::Element(
      der::kSequence,
      der::Element(der::kSequence, der::Element(0x06, "\x2a\x86\x48\xce\x38\x04\x01")) +
          der::Element(der::kBitString,
                       std::string(1, '\0') + der::Element(der::kInteger, "\x05")));
  const std::string validity = der::Element(
      der::kSequence, der::Element(0x17, "200101000000Z") + der::Element(0x17, "300101000000Z"));
  const std::string tbs =
      der::Element(der::kSequence, der::Element(der::kInteger, "\x01") + algorithm +
                                       der::Element(der::kSequence, name) + validity +
                                       der::Element(der::kSequence, name) + spki);
  const std::string certificate = der::Element(
      der::kSequence,
      tbs + algorithm + der::Element(der::kBitString, std::string(1, '\0') + "signature"));
  auto parsed = Certificate::FromDer(certificate);
  ASSERT_TRUE(parsed.ok()) << parsed.status();
  EXPECT_FALSE((*parsed)->public_key().weakness.empty());
  EXPECT_EQ((*parsed)->public_key().bits, 0);
}

// The name is a UTF8String in the CA's own certificate and a PrintableString in those that it
// issues (RFC 5280, 7.1).
TEST(Certificate, IsIssuedByTheNameInAnyEncoding) {
  CertificateTemplate what = ClientTemplate("client");
  what.printable_issuer = true;
  const Credential client = MakeCredential(what, &Root());
  EXPECT_NE(client.certificate->issuer_der(), Root().certificate->subject_der());
  EXPECT_EQ(client.certificate->issuer(), Root().certificate->subject());
  EXPECT_TRUE(client.certificate->IssuedBy(*Root().certificate));

  CertificateTemplate root = CaTemplate("Mixed Root");
  root.printable_issuer = true;
  const Credential mixed = MakeCredential(root, nullptr);
  EXPECT_TRUE(mixed.certificate->self_issued());
  EXPECT_TRUE(mixed.certificate->self_signed());
}

TEST(Certificate, ReportsWhyAnotherCaOfThatNameIsNotItsIssuer) {
  const Credential root = MakeCredential(CaTemplate("Corp Root"), nullptr);
  const Credential client = MakeCredential(ClientTemplate("client"), &root);
  const auto difference = [&](const std::string& cn) {
    const Credential other = MakeCredential(CaTemplate(cn), nullptr);
    EXPECT_FALSE(client.certificate->IssuedBy(*other.certificate));
    return client.certificate->IssuerDifference(*other.certificate);
  };
  EXPECT_EQ(difference("CORP  root"), "the name is the same, but another key made the signature");
  EXPECT_EQ(difference("Corp Root 2"), "");
  EXPECT_EQ(difference("C\xd0\xbe"
                       "rp Root"),
            "the two look alike, but the CN has U+006F in one and U+043E in the other");
  EXPECT_EQ(difference("Corp\xc2\xa0Root"),
            "the two look alike, but the CN has U+0020 in one and U+00A0 in the other");
  EXPECT_EQ(difference("Corp Root\xe2\x80\x8b"),
            "the two look alike, but the CN has nothing in one and U+200B in the other");
}

}  // namespace
}  // namespace mantlet::x509
