#include "proxy/x509/pkcs7.h"

#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "proxy/x509/der_kind.h"
#include "test/proxy/x509/pkcs7_maker.h"
#include "test/proxy/x509/pki.h"

namespace mantlet::x509 {
namespace {

using testing::HasSubstr;
using testing::UnorderedElementsAre;

std::string TwoCertificates() {
  return MakePkcs7({Root().certificate, Intermediate().certificate});
}

TEST(Pkcs7, HoldsCertificates) {
  const std::string bytes = TwoCertificates();
  EXPECT_TRUE(LooksLikePkcs7(bytes));
  auto contents = ParsePkcs7(bytes);
  ASSERT_TRUE(contents.ok()) << contents.status();
  EXPECT_THAT(contents->certificates,
              UnorderedElementsAre(Root().certificate->der(), Intermediate().certificate->der()));
  EXPECT_TRUE(contents->crls.empty());
}

TEST(Pkcs7, MayHaveIndefiniteLengths) {
  const std::string bytes = WithIndefiniteLength(TwoCertificates());
  EXPECT_TRUE(LooksLikePkcs7(bytes));
  EXPECT_EQ(SizeOfDer(bytes), 0u);
  auto contents = ParsePkcs7(bytes);
  ASSERT_TRUE(contents.ok()) << contents.status();
  EXPECT_EQ(contents->certificates.size(), 2u);
}

TEST(Pkcs7, WithoutCertificatesIsAnError) {
  auto contents = ParsePkcs7(MakePkcs7({}));
  ASSERT_FALSE(contents.ok());
  EXPECT_THAT(std::string(contents.status().message()), HasSubstr("without any certificate"));
}

TEST(Pkcs7, TruncatedFilesAreRejected) {
  const std::string bytes = TwoCertificates();
  for (size_t size = 0; size < bytes.size(); size += 7) {
    EXPECT_FALSE(ParsePkcs7(bytes.substr(0, size)).ok()) << size;
  }
}

TEST(DerKind, NamesTheKindOfAFile) {
  const Credential& root = Root();
  EXPECT_EQ(KindOfDer(root.certificate->der()), DerKind::kCertificate);
  EXPECT_EQ(KindOfDer(root.key->ToDer()), DerKind::kPrivateKey);
  EXPECT_EQ(KindOfDer(TwoCertificates()), DerKind::kPkcs7);
  EXPECT_EQ(KindOfDer(""), DerKind::kNone);
  EXPECT_EQ(KindOfDer("0"), DerKind::kNone);
  EXPECT_EQ(KindOfDer("hello"), DerKind::kNone);
  EXPECT_EQ(SizeOfDer(root.certificate->der()), root.certificate->der().size());
}

TEST(DerKind, NamesTheFieldOfACertificateThatIsDamaged) {
  const std::string& der = Root().certificate->der();
  EXPECT_EQ(DamageOfCertificate("\x01\x02\x03"), "its outer structure is damaged");
  std::string damaged = der;
  // SEQUENCE, SEQUENCE, [0] version of 5 bytes, then the serial number.
  const size_t serial = 4 + 4 + 5;
  ASSERT_EQ(damaged[serial], 0x02);
  damaged[serial] = 0x04;
  EXPECT_EQ(DamageOfCertificate(damaged), "its serial number is damaged");
}

}  // namespace
}  // namespace mantlet::x509
