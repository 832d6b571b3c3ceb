#include "proxy/x509/encrypted_key.h"

#include <string>

#include "absl/strings/escaping.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "proxy/x509/wipe.h"

namespace mantlet::x509 {
namespace {

using testing::HasSubstr;

// OBJECT IDENTIFIERs, as DER.
constexpr char kPbes2[] = "06092a864886f70d01050d", kScrypt[] = "06092b06010401da47040b",
               kPbkdf2[] = "06092a864886f70d01050c", kAes256[] = "060960864801650304012a",
               kHmacSha512[] = "06082a864886f70d020b", kHmacMd5[] = "06082a864886f70d0206";

std::string Tlv(char tag, const std::string& content) {
  std::string head(1, tag);
  if (content.size() >= 128) head += '\x81';
  return head + static_cast<char>(content.size()) + content;
}
std::string Hex(const std::string& hex) { return absl::HexStringToBytes(hex); }
std::string Sequence(const std::string& content) { return Tlv(0x30, content); }

// Returns an EncryptedPrivateKeyInfo with 32 bytes that no passphrase decrypts.
std::string Pbes2(const std::string& kdf, const std::string& parameters,
                  const std::string& cipher = Hex(kAes256)) {
  const std::string iv = Tlv(0x04, std::string(16, '\1'));
  return Sequence(Sequence(Hex(kPbes2) +
                           Sequence(Sequence(kdf + Sequence(parameters)) + Sequence(cipher + iv))) +
                  Tlv(0x04, std::string(32, '\2')));
}
std::string Salt() { return Tlv(0x04, "saltsalt"); }
std::string Integer(const std::string& hex) { return Tlv(0x02, Hex(hex)); }

std::string Refusal(const std::string& der) {
  auto plain = DecryptPbes2(der, "sesame");
  return plain.ok() ? "" : std::string(plain.status().message());
}

TEST(DecryptPbes2, AWrongPassphraseIsNamedForEveryDerivation) {
  EXPECT_THAT(
      Refusal(Pbes2(Hex(kScrypt), Salt() + Integer("0400") + Integer("08") + Integer("01"))),
      HasSubstr("the passphrase is wrong"));
  EXPECT_THAT(Refusal(Pbes2(Hex(kPbkdf2),
                            Salt() + Integer("0400") + Sequence(Hex(kHmacSha512) + Hex("0500")))),
              HasSubstr("the passphrase is wrong"));
}

TEST(DecryptPbes2, WorkThatAFileMayAskForIsBounded) {
  const std::string too_much[] = {
      Integer("00ffffffff") + Integer("08") + Integer("01"),  // n
      Integer("0400") + Integer("00ffffff") + Integer("01"),  // r
      Integer("0400") + Integer("08") + Integer("00ffffff"),  // p
      Integer("100000") + Integer("08") + Integer("01"),      // 1 GiB
      Integer("00") + Integer("08") + Integer("01"),
  };
  for (const std::string& parameters : too_much) {
    EXPECT_THAT(Refusal(Pbes2(Hex(kScrypt), Salt() + parameters)), HasSubstr("too much work"));
  }
  EXPECT_THAT(Refusal(Pbes2(Hex(kPbkdf2), Salt() + Integer("7fffffff"))),
              HasSubstr("too much work"));
  EXPECT_THAT(Refusal(Pbes2(Hex(kPbkdf2), Salt() + Integer("00"))), HasSubstr("too much work"));
}

TEST(DecryptPbes2, AnUnsupportedFormIsReportedWithAHint) {
  EXPECT_THAT(Refusal(Pbes2(Hex(kAes256), Salt() + Integer("0400"))), HasSubstr("openssl pkcs8"));
  EXPECT_THAT(Refusal(Pbes2(Hex(kPbkdf2), Salt() + Integer("0400") + Sequence(Hex(kHmacMd5)))),
              HasSubstr("unknown digest"));
  EXPECT_THAT(Refusal(Pbes2(Hex(kPbkdf2), Salt() + Integer("0400"), Hex(kScrypt))),
              HasSubstr("AES-CBC"));
}

TEST(DecryptPbes2, DamagedBytesAreRejected) {
  const std::string whole =
      Pbes2(Hex(kPbkdf2), Salt() + Integer("0400") + Sequence(Hex(kHmacSha512) + Hex("0500")));
  for (size_t size = 0; size < whole.size(); ++size) {
    EXPECT_FALSE(DecryptPbes2(whole.substr(0, size), "sesame").ok()) << size;
    std::string turned = whole;
    turned[size] ^= 0x20;
    EXPECT_FALSE(DecryptPbes2(turned, "sesame").ok()) << size;
  }
}

TEST(DecryptOldPem, DamagedHeadersAreRejected) {
  const std::string block(32, '\2'), iv = "00112233445566778899AABBCCDDEEFF";
  for (const std::string& header :
       {std::string(), std::string("AES-256-CBC"), std::string("AES-256-CBC,"),
        "AES-256-CBC," + iv + "00", "AES-256-CBC,X" + iv.substr(1), "DES-EDE3-CBC," + iv,
        "RC4," + iv, std::string("DES-CBC,0011223344556677")}) {
    EXPECT_FALSE(DecryptOldPem(header, block, "sesame").ok()) << header;
  }
  auto wrong = DecryptOldPem("AES-256-CBC," + iv, block, "sesame");
  EXPECT_THAT(std::string(wrong.status().message()), HasSubstr("the passphrase is wrong"));
  EXPECT_FALSE(DecryptOldPem("AES-256-CBC," + iv, "", "sesame").ok());
  EXPECT_FALSE(DecryptOldPem("AES-256-CBC," + iv, "not whole blocks", "").ok());
}

TEST(Wipe, OverwritesWhatTheStringHoldsAndHeld) {
  std::string secret(100, 's');
  const char* bytes = secret.data();
  secret.resize(50);
  Wipe(&secret);
  EXPECT_TRUE(secret.empty());
  ASSERT_EQ(secret.data(), bytes) << "the memory is still the string's";
  EXPECT_EQ(std::string(bytes, 100), std::string(100, '\0'));
}

}  // namespace
}  // namespace mantlet::x509
