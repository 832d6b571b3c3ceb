#include "proxy/verify/name_constraints.h"

#include <openssl/x509.h>

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "proxy/x509/der_writer.h"
#include "test/proxy/x509/pki.h"

namespace mantlet::verify {
namespace {

using testing::HasSubstr;

std::string Name(x509::NameForm form, const std::string& value) {
  const int tag = static_cast<int>(form);
  const bool constructed = form == x509::NameForm::kDirectory || form == x509::NameForm::kOther;
  return x509::der::Element(
      constructed ? x509::der::ContextConstructed(tag) : x509::der::Context(tag), value);
}

std::string Subtrees(int tag, const std::vector<std::string>& names) {
  if (names.empty()) return "";
  std::string list;
  for (const std::string& name : names) list += x509::der::Element(x509::der::kSequence, name);
  return x509::der::Element(x509::der::ContextConstructed(tag), list);
}

std::string Constraints(const std::vector<std::string>& permitted,
                        const std::vector<std::string>& excluded = {}) {
  return x509::der::Element(x509::der::kSequence, Subtrees(0, permitted) + Subtrees(1, excluded));
}

// Returns "" if the certificate is allowed below a CA with these constraints.
std::string Verify(const std::string& constraints, const x509::CertificateTemplate& what,
                   bool leaf = true) {
  auto parsed = NameConstraints::Parse(constraints);
  EXPECT_TRUE(parsed.ok()) << parsed.status();
  if (!parsed.ok()) return "?";
  const x509::Credential credential = x509::MakeCredential(what, &x509::Root());
  int64_t budget = 1000;
  return parsed->Violation(x509::ReadSubjectNames(credential.certificate->x509(), leaf), &budget)
      .value_or("");
}

x509::CertificateTemplate WithNames(const x509::SubjectAltNames& san) {
  x509::CertificateTemplate what = x509::ClientTemplate("client");
  what.san = san;
  return what;
}

std::string DirectoryName(const std::vector<std::pair<std::string, std::string>>& subject) {
  x509::CertificateTemplate what = x509::ClientTemplate("");
  what.subject = subject;
  return x509::MakeCredential(what, &x509::Root()).certificate->subject_der();
}

TEST(NameConstraints, EachFormIsConfinedToWhatIsPermittedForIt) {
  const std::string address("\xc0\x00\x02\x00\xff\xff\xff\x00", 8);
  const std::string constraints = Constraints(
      {Name(x509::NameForm::kDns, "good.example"), Name(x509::NameForm::kMail, "good.example"),
       Name(x509::NameForm::kUri, "good.example"), Name(x509::NameForm::kAddress, address)});
  x509::SubjectAltNames good;
  good.dns = {"a.good.example"};
  good.email = {"me@good.example"};
  good.uri = {"spiffe://good.example/a"};
  good.ip = {"192.0.2.7"};
  EXPECT_EQ(Verify(constraints, WithNames(good)), "");
  x509::SubjectAltNames bad = good;
  bad.dns.push_back("bad.example");
  EXPECT_THAT(Verify(constraints, WithNames(bad)), HasSubstr("DNS name \"bad.example\""));
  bad = good;
  bad.email.push_back("me@bad.example");
  EXPECT_THAT(Verify(constraints, WithNames(bad)), HasSubstr("mail address"));
  bad = good;
  bad.uri.push_back("spiffe://bad.example/a");
  EXPECT_THAT(Verify(constraints, WithNames(bad)), HasSubstr("URI"));
  bad = good;
  bad.ip.push_back("198.51.100.1");
  EXPECT_THAT(Verify(constraints, WithNames(bad)), HasSubstr("IP address"));
  bad = good;
  bad.ip.push_back("2001:db8::1");
  EXPECT_THAT(Verify(constraints, WithNames(bad)), HasSubstr("IP address"));
}

TEST(NameConstraints, AFormWithoutConstraintIsFree) {
  x509::SubjectAltNames san;
  san.uri = {"urn:anything"};
  san.ip = {"192.0.2.7"};
  EXPECT_EQ(Verify(Constraints({Name(x509::NameForm::kDns, "good.example")}), WithNames(san)), "");
}

TEST(NameConstraints, AnExcludedNameIsRejectedEvenIfItIsPermitted) {
  const std::string constraints = Constraints({Name(x509::NameForm::kDns, "example.com")},
                                              {Name(x509::NameForm::kDns, "bar.example.com")});
  x509::SubjectAltNames san;
  san.dns = {"foo.example.com"};
  EXPECT_EQ(Verify(constraints, WithNames(san)), "");
  san.dns = {"a.bar.example.com"};
  EXPECT_THAT(Verify(constraints, WithNames(san)), HasSubstr("is excluded"));
  // One of the names that this one matches is excluded.
  san.dns = {"*.example.com"};
  EXPECT_THAT(Verify(constraints, WithNames(san)), HasSubstr("is excluded"));
}

TEST(NameConstraints, OnePermittedSubtreeOfSeveralIsEnough) {
  const std::string constraints = Constraints(
      {Name(x509::NameForm::kDns, "a.example"), Name(x509::NameForm::kDns, "b.example")});
  x509::SubjectAltNames san;
  san.dns = {"x.b.example", "x.a.example"};
  EXPECT_EQ(Verify(constraints, WithNames(san)), "");
}

TEST(NameConstraints, DirectoryNamesAreComparedFromTheTop) {
  const std::string constraints = Constraints(
      {Name(x509::NameForm::kDirectory, DirectoryName({{"C", "DE"}, {"O", "Good  One"}}))});
  x509::CertificateTemplate what = x509::ClientTemplate("");
  what.subject = {{"C", "DE"}, {"O", "good ONE"}, {"CN", "client"}};
  EXPECT_EQ(Verify(constraints, what), "");
  what.subject = {{"C", "DE"}, {"O", "good ONE"}};
  EXPECT_EQ(Verify(constraints, what), "");
  what.subject = {{"C", "DE"}, {"CN", "client"}, {"O", "Good One"}};
  EXPECT_THAT(Verify(constraints, what), HasSubstr("not permitted"));
  what.subject = {{"C", "DE"}};
  EXPECT_THAT(Verify(constraints, what), HasSubstr("not permitted"));
}

TEST(NameConstraints, AnEmptySubjectIsNoDirectoryName) {
  const std::string constraints =
      Constraints({Name(x509::NameForm::kDirectory, DirectoryName({{"C", "DE"}}))});
  x509::CertificateTemplate what = x509::ClientTemplate("");
  what.subject = {};
  what.san.dns = {"a.example"};
  EXPECT_EQ(Verify(constraints, what), "");
}

TEST(NameConstraints, DirectoryNamesAmongTheAlternativeNamesCount) {
  const std::string excluded =
      Constraints({}, {Name(x509::NameForm::kDirectory, DirectoryName({{"O", "Evil"}}))});
  x509::CertificateTemplate what = x509::ClientTemplate("client");
  what.raw_extensions = {
      {"2.5.29.17", false,
       x509::der::Element(x509::der::kSequence,
                          Name(x509::NameForm::kDirectory, DirectoryName({{"O", "evil"}})))}};
  EXPECT_THAT(Verify(excluded, what), HasSubstr("is excluded"));
}

TEST(NameConstraints, MailAddressesInTheSubjectCount) {
  const std::string constraints = Constraints({Name(x509::NameForm::kMail, "good.example")});
  x509::CertificateTemplate what = x509::ClientTemplate("");
  what.subject = {{"CN", "client"}, {"emailAddress", "me@bad.example"}};
  EXPECT_THAT(Verify(constraints, what), HasSubstr("mail address"));
  what.subject = {{"CN", "client"}, {"emailAddress", "me@good.example"}};
  EXPECT_EQ(Verify(constraints, what), "");
}

TEST(NameConstraints, ACommonNameThatLooksLikeAHostCountsWithoutADnsName) {
  const std::string constraints = Constraints({Name(x509::NameForm::kDns, "good.example")});
  EXPECT_THAT(Verify(constraints, x509::ClientTemplate("admin.bad.example")),
              HasSubstr("DNS name"));
  EXPECT_THAT(Verify(constraints, x509::ClientTemplate("admin.bad.example.")),
              HasSubstr("DNS name"));
  EXPECT_THAT(Verify(constraints, x509::ClientTemplate("*.bad.example")), HasSubstr("DNS name"));
  EXPECT_EQ(Verify(constraints, x509::ClientTemplate("admin.good.example")), "");
  EXPECT_EQ(Verify(constraints, x509::ClientTemplate("Jane Doe")), "");
  EXPECT_EQ(Verify(constraints, x509::ClientTemplate("localhost")), "");
  EXPECT_EQ(Verify(constraints, x509::CaTemplate("ca.bad.example"), /*leaf=*/false), "");
  x509::CertificateTemplate what = x509::ClientTemplate("admin.bad.example");
  what.san.dns = {"a.good.example"};
  EXPECT_EQ(Verify(constraints, what), "");
}

TEST(NameConstraints, AnUnsupportedFormIsRejectedIfItIsConstrained) {
  const std::string other =
      x509::der::Element(0x06, "\x2a\x03") +
      x509::der::Element(x509::der::ContextConstructed(0), x509::der::Element(0x0c, "x"));
  x509::CertificateTemplate what = x509::ClientTemplate("client");
  what.raw_extensions = {
      {"2.5.29.17", false,
       x509::der::Element(x509::der::kSequence, Name(x509::NameForm::kOther, other))}};
  EXPECT_EQ(Verify(Constraints({Name(x509::NameForm::kDns, "a.example")}), what), "");
  EXPECT_THAT(Verify(Constraints({Name(x509::NameForm::kOther, other)}), what),
              HasSubstr("other name"));
  EXPECT_THAT(Verify(Constraints({}, {Name(x509::NameForm::kOther, other)}), what),
              HasSubstr("other name"));
  EXPECT_EQ(
      Verify(Constraints({Name(x509::NameForm::kOther, other)}), x509::ClientTemplate("client")),
      "");
}

TEST(NameConstraints, NoControlByteOfANameReachesTheSentence) {
  x509::SubjectAltNames san;
  san.dns = {std::string("a\n\0b", 4)};
  const std::string why =
      Verify(Constraints({Name(x509::NameForm::kDns, "good.example")}), WithNames(san));
  EXPECT_EQ(why.find('\n'), std::string::npos);
  EXPECT_THAT(why, HasSubstr("\\n"));
}

TEST(NameConstraints, TheWorkIsBounded) {
  std::vector<std::string> many;
  x509::SubjectAltNames san;
  for (int i = 0; i < 50; ++i) {
    many.push_back(Name(x509::NameForm::kDns, "x" + std::to_string(i) + ".example"));
    san.dns.push_back("x49.example");
  }
  EXPECT_THAT(Verify(Constraints(many), WithNames(san)), HasSubstr("too many"));
}

TEST(NameConstraints, MalformedConstraintsAreAnError) {
  const std::string dns = Name(x509::NameForm::kDns, "a.example");
  const auto with_distance = [&](unsigned char tag) {
    return x509::der::Element(
        x509::der::kSequence,
        x509::der::Element(
            x509::der::ContextConstructed(0),
            x509::der::Element(x509::der::kSequence, dns + x509::der::Element(tag, "\x01"))));
  };
  for (const std::string& bad : std::vector<std::string>{
           "",
           "x",
           x509::der::Element(x509::der::kSequence, ""),
           x509::der::Element(x509::der::kSequence,
                              x509::der::Element(x509::der::ContextConstructed(0), "")),
           x509::der::Element(x509::der::kSequence, std::string("\x05\x00", 2)),
           Constraints({dns}) + "x",
           Constraints({"x"}),
           Constraints({Name(x509::NameForm::kDns, "*.a.example")}),
           Constraints({Name(x509::NameForm::kMail, "a b@c")}),
           Constraints({Name(x509::NameForm::kUri, "https://a.example")}),
           Constraints({Name(x509::NameForm::kAddress, "1234")}),
           Constraints({Name(x509::NameForm::kDirectory, "x")}),
           with_distance(0x80),
           with_distance(0x81),
       }) {
    EXPECT_FALSE(NameConstraints::Parse(bad).ok());
  }
}

}  // namespace
}  // namespace mantlet::verify
