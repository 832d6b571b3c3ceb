#include "proxy/pattern/header_name.h"

#include <gtest/gtest.h>

#include "absl/strings/ascii.h"

namespace mantlet::pattern {
namespace {

TEST(FoldHeaderNameTest, TakesSpellingsOfOneNameForOne) {
  for (const char* name : {"Client-Cert", "client_cert", "CLIENT.CERT", "cLIENT cERT",
                           "client\x01"
                           "cert",
                           "Client\xff"
                           "Cert"}) {
    EXPECT_EQ(FoldHeaderName(name), "client-cert") << name;
  }
  EXPECT_EQ(FoldHeaderName("!X1__\xc3\xa4"), "-x1----");
  EXPECT_EQ(FoldHeaderName("clientcert"), "clientcert");
  EXPECT_EQ(FoldHeaderName(""), "");
}

TEST(FoldHeaderNameTest, LeavesLettersAndDigitsOnly) {
  for (int byte = 0; byte < 256; ++byte) {
    const auto c = static_cast<unsigned char>(byte);
    const char expected = absl::ascii_isalnum(c) ? absl::ascii_tolower(c) : '-';
    EXPECT_EQ(FoldHeaderByte(static_cast<char>(byte)), expected) << byte;
  }
}

}  // namespace
}  // namespace mantlet::pattern
