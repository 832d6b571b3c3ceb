#include "proxy/tls/certificate_selector.h"

#include <optional>

#include "gtest/gtest.h"

namespace mantlet::tls {
namespace {

TEST(CertificateSelector, AnExactNameWinsOverAWildcardWhateverTheirOrder) {
  EXPECT_EQ(CertificateSelector({{"*.example"}, {"a.example"}}).Find("a.example"), 1u);
  EXPECT_EQ(CertificateSelector({{"a.example"}, {"*.example"}}).Find("a.example"), 0u);
}

TEST(CertificateSelector, AWildcardCoversExactlyOneLabel) {
  CertificateSelector selector({{"*.a.example"}});
  EXPECT_EQ(selector.Find("x.a.example"), 0u);
  EXPECT_EQ(selector.Find("x.y.a.example"), std::nullopt);
  EXPECT_EQ(selector.Find("a.example"), std::nullopt);
  EXPECT_EQ(selector.Find(".a.example"), std::nullopt);
}

TEST(CertificateSelector, ANameThatIsSpelledLikeAWildcardMatchesNoMoreThanOne) {
  CertificateSelector selector({{"*.a.example"}, {"b.example"}});
  EXPECT_EQ(selector.Find("*.b.example"), std::nullopt);
  EXPECT_EQ(selector.Find("*"), std::nullopt);
}

TEST(CertificateSelector, OfTwoCertificatesWithOneNameTheFirstIsChosen) {
  CertificateSelector selector({{"a.example", "*.w.example"}, {"a.example", "*.w.example"}});
  EXPECT_EQ(selector.Find("a.example"), 0u);
  EXPECT_EQ(selector.Find("x.w.example"), 0u);
}

TEST(CertificateSelector, AnUnknownOrEmptyNameFindsNothing) {
  CertificateSelector selector({{"a.example"}, {}});
  EXPECT_EQ(selector.Find("b.example"), std::nullopt);
  EXPECT_EQ(selector.Find("example"), std::nullopt);
  EXPECT_EQ(selector.Find(""), std::nullopt);
}

}  // namespace
}  // namespace mantlet::tls
