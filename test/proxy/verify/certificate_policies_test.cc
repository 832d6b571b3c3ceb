#include "proxy/verify/certificate_policies.h"

#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "proxy/x509/der_writer.h"
#include "test/proxy/x509/pki.h"

namespace mantlet::verify {
namespace {

constexpr unsigned char kObject = 0x06;
const char kAnyPolicyOid[] = "\x55\x1d\x20\x00";

std::string Any() { return std::string(kAnyPolicyOid, 4); }

std::string Policies(const std::vector<std::string>& oids) {
  std::string list;
  for (const std::string& oid : oids) {
    list += x509::der::Element(x509::der::kSequence, x509::der::Element(kObject, oid));
  }
  return x509::der::Element(x509::der::kSequence, list);
}

std::string Mapping(const std::string& from, const std::string& to) {
  return x509::der::Element(
      x509::der::kSequence,
      x509::der::Element(x509::der::kSequence,
                         x509::der::Element(kObject, from) + x509::der::Element(kObject, to)));
}

bool Readable(const std::string& oid, const std::string& der) {
  x509::CertificateTemplate what = x509::CaTemplate("ca");
  what.raw_extensions = {{oid, false, der}};
  return ReadPolicyExtensions(x509::MakeCredential(what, &x509::Root()).certificate->x509()).ok();
}

constexpr char kPolicies[] = "2.5.29.32", kMappings[] = "2.5.29.33", kConstraints[] = "2.5.29.36",
               kInhibitAny[] = "2.5.29.54";

TEST(CertificatePolicies, ReadsAllFourExtensions) {
  x509::CertificateTemplate what = x509::CaTemplate("ca");
  what.raw_extensions = {
      {kPolicies, false, Policies({"\x2a\x02", Any(), "\x2a\x01"})},
      {kMappings, false, Mapping("\x2a\x01", "\x2a\x07")},
      {kConstraints, true,
       x509::der::Element(x509::der::kSequence, x509::der::Element(0x80, std::string(1, '\0')) +
                                                    x509::der::Element(0x81, "\x02"))},
      {kInhibitAny, true, x509::der::Element(x509::der::kInteger, "\x03")}};
  auto read = ReadPolicyExtensions(x509::MakeCredential(what, &x509::Root()).certificate->x509());
  ASSERT_TRUE(read.ok()) << read.status();
  EXPECT_TRUE(read->any_policy);
  EXPECT_EQ(read->policies, (std::vector<std::string>{"\x2a\x01", "\x2a\x02"}));
  ASSERT_EQ(read->mappings.size(), 1u);
  EXPECT_EQ(read->mappings[0].second, "\x2a\x07");
  EXPECT_EQ(read->require_explicit, 0);
  EXPECT_EQ(read->inhibit_mapping, 2);
  EXPECT_EQ(read->inhibit_any, 3);
}

TEST(CertificatePolicies, ACertificateWithoutThemHasNone) {
  auto read = ReadPolicyExtensions(x509::Root().certificate->x509());
  ASSERT_TRUE(read.ok());
  EXPECT_TRUE(read->empty());
}

TEST(CertificatePolicies, MalformedOnesAreAnError) {
  EXPECT_TRUE(Readable(kPolicies, Policies({"\x2a\x01"})));
  EXPECT_FALSE(Readable(kPolicies, "x"));
  EXPECT_FALSE(Readable(kPolicies, Policies({})));
  EXPECT_FALSE(Readable(kPolicies, Policies({"\x2a\x01", "\x2a\x01"})));
  EXPECT_FALSE(Readable(kPolicies, Policies({Any(), Any()})));
  EXPECT_FALSE(Readable(kPolicies, Policies({"\x2a\x01"}) + "x"));
  EXPECT_FALSE(Readable(kMappings, x509::der::Element(x509::der::kSequence, "")));
  EXPECT_FALSE(Readable(kMappings, Mapping(Any(), "\x2a\x01")));
  EXPECT_FALSE(Readable(kMappings, Mapping("\x2a\x01", Any())));
  EXPECT_FALSE(Readable(kConstraints, x509::der::Element(x509::der::kSequence, "")));
  EXPECT_FALSE(Readable(
      kConstraints, x509::der::Element(x509::der::kSequence, x509::der::Element(0x80, "\xff"))));
  EXPECT_FALSE(Readable(kInhibitAny, x509::der::Element(x509::der::kInteger, "")));
  EXPECT_FALSE(Readable(kInhibitAny, x509::der::Element(x509::der::kInteger, "\x80")));
}

TEST(CertificatePolicies, AHugeSkipIsNoLimit) {
  x509::CertificateTemplate what = x509::CaTemplate("ca");
  what.raw_extensions = {
      {kInhibitAny, true,
       x509::der::Element(x509::der::kInteger, "\x7f" + std::string(20, '\xff'))}};
  auto read = ReadPolicyExtensions(x509::MakeCredential(what, &x509::Root()).certificate->x509());
  ASSERT_TRUE(read.ok());
  EXPECT_GT(read->inhibit_any, 1'000'000);
}

PolicyExtensions With(std::vector<std::string> policies) {
  PolicyExtensions extensions;
  extensions.has_policies = true;
  for (std::string& policy : policies) {
    if (policy == "any") {
      extensions.any_policy = true;
    } else {
      extensions.policies.push_back(policy);
    }
  }
  return extensions;
}

bool Hold(const std::vector<PolicyExtensions>& path, size_t self_issued = 99) {
  std::vector<PolicyLevel> levels;
  for (size_t i = 0; i < path.size(); ++i) levels.push_back({&path[i], i == self_issued});
  return PoliciesHold(levels);
}

TEST(CertificatePolicies, WithoutARequirementAnythingHolds) {
  EXPECT_TRUE(Hold({}));
  EXPECT_TRUE(Hold({{}, {}}));
  EXPECT_TRUE(Hold({With({"a"}), With({"b"})}));
}

TEST(CertificatePolicies, ARequiredPolicyMustStandInEveryCertificate) {
  PolicyExtensions ca = With({"a", "b"});
  ca.require_explicit = 0;
  EXPECT_TRUE(Hold({ca, With({"a"})}));
  EXPECT_TRUE(Hold({ca, With({"b"}), With({"b"})}));
  EXPECT_FALSE(Hold({ca, With({"a"}), With({"b"})}));
  EXPECT_FALSE(Hold({ca, With({"c"})}));
  EXPECT_FALSE(Hold({ca, {}}));
}

TEST(CertificatePolicies, TheRequirementMayBeginFurtherDown) {
  PolicyExtensions ca;
  ca.require_explicit = 2;
  EXPECT_TRUE(Hold({ca, {}}));
  ca.require_explicit = 1;
  EXPECT_FALSE(Hold({ca, {}}));
  // A self-issued certificate does not count.
  ca.require_explicit = 2;
  EXPECT_FALSE(Hold({ca, {}, {}}));
  EXPECT_TRUE(Hold({ca, {}, {}}, /*self_issued=*/1));
  PolicyExtensions leaf;
  leaf.require_explicit = 0;
  EXPECT_FALSE(Hold({{}, leaf}));
}

TEST(CertificatePolicies, AnyPolicyStandsForAllUnlessItIsInhibited) {
  PolicyExtensions ca = With({"any"});
  ca.require_explicit = 0;
  EXPECT_TRUE(Hold({ca, With({"a"})}));
  EXPECT_TRUE(Hold({ca, With({"any"}), With({"a"})}));
  ca.inhibit_any = 0;
  EXPECT_FALSE(Hold({ca, With({"any"}), With({"a"})}));
  EXPECT_TRUE(Hold({ca, With({"any"}), With({"a"})}, /*self_issued=*/1));
}

TEST(CertificatePolicies, MappedPoliciesAreExpectedUnderTheirNewName) {
  PolicyExtensions ca = With({"a"});
  ca.require_explicit = 0;
  ca.mappings = {{"a", "x"}};
  EXPECT_TRUE(Hold({ca, With({"x"})}));
  EXPECT_FALSE(Hold({ca, With({"a"})}));
  PolicyExtensions top = With({"a"});
  top.require_explicit = 0;
  top.inhibit_mapping = 0;
  EXPECT_FALSE(Hold({top, ca, With({"x"})}));
}

}  // namespace
}  // namespace mantlet::verify
