#include "proxy/tls/certificate_selector.h"

#include <optional>
#include <string>
#include <vector>

#include "gtest/gtest.h"

namespace mantlet::tls {
namespace {

using Names = std::vector<std::string>;

constexpr x509::LeafKeySet kAll = x509::LeafKeySet::All();
constexpr x509::LeafKey kP256 = x509::LeafKey::kEcdsaP256, kP384 = x509::LeafKey::kEcdsaP384,
                        kEd25519 = x509::LeafKey::kEd25519, kRsa = x509::LeafKey::kRsa;

CertificateSelector Of(const std::vector<Names>& names) {
  std::vector<CertificateSelector::Entry> entries;
  for (const Names& each : names) entries.push_back({each, {}, kP256});
  return CertificateSelector(entries);
}

// Returns a selector of certificates for the name a.example.
CertificateSelector SideBySide(const std::vector<x509::LeafKey>& keys) {
  std::vector<CertificateSelector::Entry> entries;
  for (x509::LeafKey key : keys) entries.push_back({{"a.example"}, {}, key});
  return CertificateSelector(entries);
}

TEST(CertificateSelector, AnExactNameWinsOverAWildcardWhateverTheirOrder) {
  EXPECT_EQ(Of({{"*.example"}, {"a.example"}}).Find("a.example", kAll), 1u);
  EXPECT_EQ(Of({{"a.example"}, {"*.example"}}).Find("a.example", kAll), 0u);
}

TEST(CertificateSelector, AWildcardCoversExactlyOneLabel) {
  CertificateSelector selector = Of({{"*.a.example"}});
  EXPECT_EQ(selector.Find("x.a.example", kAll), 0u);
  EXPECT_EQ(selector.Find("x.y.a.example", kAll), std::nullopt);
  EXPECT_EQ(selector.Find("a.example", kAll), std::nullopt);
  EXPECT_EQ(selector.Find(".a.example", kAll), std::nullopt);
}

TEST(CertificateSelector, ANameThatIsSpelledLikeAWildcardMatchesNoMoreThanOne) {
  CertificateSelector selector = Of({{"*.a.example"}, {"b.example"}});
  EXPECT_EQ(selector.Find("*.b.example", kAll), std::nullopt);
  EXPECT_EQ(selector.Find("*", kAll), std::nullopt);
}

TEST(CertificateSelector, OfTwoCertificatesWithOneNameAndKindOfKeyTheFirstIsChosen) {
  CertificateSelector selector = Of({{"a.example", "*.w.example"}, {"a.example", "*.w.example"}});
  EXPECT_EQ(selector.Find("a.example", kAll), 0u);
  EXPECT_EQ(selector.Find("x.w.example", kAll), 0u);
}

TEST(CertificateSelector, AnUnknownOrEmptyNameFindsNothing) {
  CertificateSelector selector = Of({{"a.example"}, {}});
  EXPECT_EQ(selector.Find("b.example", kAll), std::nullopt);
  EXPECT_EQ(selector.Find("example", kAll), std::nullopt);
  EXPECT_EQ(selector.Find("", kAll), std::nullopt);
}

TEST(CertificateSelector, PrefersEcdsaThenEd25519ThenRsaWhateverTheirOrder) {
  CertificateSelector selector = SideBySide({kRsa, kEd25519, kP256});
  EXPECT_EQ(selector.Find("a.example", kAll), 2u);
  EXPECT_EQ(selector.Find("a.example", {kEd25519, kRsa}), 1u);
  EXPECT_EQ(selector.Find("a.example", {kRsa}), 0u);
}

TEST(CertificateSelector, OfTwoCurvesThatTheClientKnowsTheFirstInTheConfigurationIsChosen) {
  EXPECT_EQ(SideBySide({kP384, kP256}).Find("a.example", kAll), 0u);
  EXPECT_EQ(SideBySide({kP256, kP384}).Find("a.example", kAll), 0u);
  EXPECT_EQ(SideBySide({kP384, kP256}).Find("a.example", {kP256}), 1u);
}

TEST(CertificateSelector, AClientThatCanVerifyNoneIsStillAnswered) {
  EXPECT_EQ(SideBySide({kRsa, kP256}).Find("a.example", {}), 1u);
  EXPECT_EQ(SideBySide({kRsa, kP256}).Default({}), 1u);
}

TEST(CertificateSelector, AWildcardThatTheClientCanVerifyIsBetterThanAnExactNameItCannot) {
  CertificateSelector selector({{{"a.example"}, {}, kRsa}, {{"*.example"}, {}, kP256}});
  EXPECT_EQ(selector.Find("a.example", {kP256}), 1u);
  EXPECT_EQ(selector.Find("a.example", kAll), 0u) << "exact comes first";
}

TEST(CertificateSelector, TheDefaultIsTheFirstAndThoseWithTheSameNames) {
  CertificateSelector selector({{{"a.example", "b.example"}, {}, kRsa},
                                {{"a.example"}, {}, kEd25519},
                                {{"b.example", "a.example"}, {}, kP256}});
  EXPECT_EQ(selector.Default(kAll), 2u);
  EXPECT_EQ(selector.Default({kEd25519}), 2u) << "number 1 has other names";
  EXPECT_EQ(selector.Default({kRsa}), 0u);
}

TEST(CertificateSelector, CoversANameThatOthersCoverToo) {
  CertificateSelector selector({{{"a.example"}, {}, kRsa},
                                {{"a.example", "b.example"}, {}, kP256},
                                {{"*.example"}, {}, kP256}});
  EXPECT_TRUE(selector.Covers(0, "a.example"));
  EXPECT_TRUE(selector.Covers(1, "a.example"));
  EXPECT_FALSE(selector.Covers(2, "a.example")) << "there are better ones";
  EXPECT_FALSE(selector.Covers(0, "b.example"));
  EXPECT_TRUE(selector.Covers(2, "c.example"));
  EXPECT_FALSE(selector.Covers(0, "elsewhere"));
}

TEST(CertificateSelector, CertificatesForAddressesOnlyFormADefaultIfTheAddressesAreTheSame) {
  EXPECT_EQ(
      CertificateSelector({{{}, {"10.0.0.1"}, kRsa}, {{}, {"10.0.0.1"}, kP256}}).Default(kAll), 1u);
  EXPECT_EQ(
      CertificateSelector({{{}, {"10.0.0.1"}, kRsa}, {{}, {"10.0.0.2"}, kP256}}).Default(kAll), 0u);
  EXPECT_EQ(CertificateSelector({{{}, {}, kRsa}, {{}, {}, kP256}}).Default(kAll), 0u)
      << "without any name nothing says that they belong together";
}

}  // namespace
}  // namespace mantlet::tls
