#include "proxy/x509/pem.h"

#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace mantlet::x509 {
namespace {

using testing::HasSubstr;

const std::string kOne = "-----BEGIN CERTIFICATE-----\nAQID\n-----END CERTIFICATE-----\n";
const std::string kTwo = "-----BEGIN PRIVATE KEY-----\nBAUG\nBwg=\n-----END PRIVATE KEY-----\n";

TEST(Pem, BlocksComeInFileOrderWithLabelLineAndContent) {
  auto blocks = ParsePem("some text\n" + kOne + "\nmore text\n" + kTwo);
  ASSERT_TRUE(blocks.ok()) << blocks.status();
  ASSERT_EQ(blocks->size(), 2u);
  EXPECT_EQ((*blocks)[0].label, "CERTIFICATE");
  EXPECT_EQ((*blocks)[0].der, "\x01\x02\x03");
  EXPECT_EQ((*blocks)[0].line, 2);
  EXPECT_EQ((*blocks)[1].number, 2);
  EXPECT_EQ((*blocks)[1].line, 7);
  EXPECT_EQ((*blocks)[1].der, "\x04\x05\x06\x07\x08");
}

TEST(Pem, CrLfAndAByteOrderMarkAndAMissingLastLineEndAreAccepted) {
  auto blocks =
      ParsePem("\xef\xbb\xbf-----BEGIN CERTIFICATE-----\r\nAQID\r\n-----END CERTIFICATE-----");
  ASSERT_TRUE(blocks.ok()) << blocks.status();
  EXPECT_EQ(blocks->size(), 1u);
}

TEST(Pem, WhatIsWrittenIsReadBack) {
  std::string der(1000, '\0');
  for (size_t i = 0; i < der.size(); ++i) der[i] = static_cast<char>(i * 7);
  auto blocks = ParsePem(ToPem("X509 CRL", der));
  ASSERT_TRUE(blocks.ok()) << blocks.status();
  EXPECT_EQ((*blocks)[0].der, der);
  EXPECT_EQ((*blocks)[0].label, "X509 CRL");
}

TEST(Pem, OldEncryptionHeadersAreNoticed) {
  auto blocks = ParsePem(
      "-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-256-CBC,00\n\n"
      "AQID\n-----END RSA PRIVATE KEY-----\n");
  ASSERT_TRUE(blocks.ok()) << blocks.status();
  EXPECT_TRUE((*blocks)[0].encrypted);
}

struct Damage {
  const char* name;
  std::string text;
  const char* message;
};

class DamagedPem : public testing::TestWithParam<Damage> {};

TEST_P(DamagedPem, IsRejectedWithItsPosition) {
  auto blocks = ParsePem(GetParam().text);
  ASSERT_FALSE(blocks.ok());
  EXPECT_THAT(std::string(blocks.status().message()), HasSubstr(GetParam().message));
}

INSTANTIATE_TEST_SUITE_P(
    Each, DamagedPem,
    testing::Values(
        Damage{"Empty", "", "no PEM block"}, Damage{"TextOnly", "hello\n", "no PEM block"},
        Damage{"NoEnd", kOne + "-----BEGIN CERTIFICATE-----\nAQID\n",
               "block 2 (CERTIFICATE, line 4): there is no END line"},
        Damage{"CutInsideBegin", kOne + "-----BEGIN CERT",
               "line 4: this is not a valid BEGIN line"},
        Damage{"CutInsideEnd", "-----BEGIN CERTIFICATE-----\nAQID\n-----END CERTIF",
               "block 1 (CERTIFICATE, line 1): line 3 is neither base64 nor the END line"},
        Damage{"BeginInsideBlock", "-----BEGIN CERTIFICATE-----\nAQID\n" + kOne,
               "block 1 (CERTIFICATE, line 1): line 3"},
        Damage{"EndOfAnotherKind", "-----BEGIN CERTIFICATE-----\nAQID\n-----END PRIVATE KEY-----\n",
               "line 3 ends a block of another kind, PRIVATE KEY"},
        Damage{"EndWithoutBegin", "-----END CERTIFICATE-----\n",
               "line 1: this is not a valid BEGIN"},
        Damage{"TextBeforeBegin", "x" + kOne, "line 1: this is not a valid BEGIN line"},
        Damage{"FourDashes", "----BEGIN CERTIFICATE-----\nAQID\n-----END CERTIFICATE-----\n",
               "line 3: this is not a valid BEGIN"},
        Damage{"NotBase64", "-----BEGIN CERTIFICATE-----\nAQ!D\n-----END CERTIFICATE-----\n",
               "line 2 is not base64"},
        Damage{"MissingCharacter", "-----BEGIN CERTIFICATE-----\nAQI\n-----END CERTIFICATE-----\n",
               "base64 is damaged"},
        Damage{"PaddingInside",
               "-----BEGIN CERTIFICATE-----\nAQ==AQID\n-----END CERTIFICATE-----\n",
               "is not base64: the padding"},
        Damage{"TooMuchPadding", "-----BEGIN CERTIFICATE-----\nA===\n-----END CERTIFICATE-----\n",
               "is not base64: the padding"},
        Damage{"NoContent", "-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----\n",
               "it is empty"},
        Damage{"Zeros",
               "-----BEGIN CERTIFICATE-----\n" + std::string(8, '\0') +
                   "\n-----END CERTIFICATE-----\n",
               "line 2 is not base64"}),
    [](const auto& damage) { return damage.param.name; });

}  // namespace
}  // namespace mantlet::x509
