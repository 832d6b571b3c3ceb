#include "proxy/pattern/distinguished_name.h"

#include <gtest/gtest.h>

#include <string>

namespace mantlet::pattern {
namespace {

std::string Form(const std::string& text) {
  const auto name = CanonicalName(text);
  return name ? JoinName(*name) : "none";
}

#define EXPECT_SAME(a, b) EXPECT_EQ(Form(a), Form(b)) << a << " | " << b
#define EXPECT_OTHER(a, b) EXPECT_NE(Form(a), Form(b)) << a << " | " << b

TEST(DistinguishedNameTest, IgnoresHowTheNameIsWritten) {
  EXPECT_SAME("CN=Ca,O=Example,C=DE", "CN=Ca,O=Example,C=DE");
  EXPECT_SAME("CN=Ca,O=Example,C=DE", "cn = Ca , o = Example; c = DE");
  EXPECT_SAME("CN=Ca", "commonName=Ca");
  EXPECT_SAME("CN=Ca", "2.5.4.3=Ca");
  EXPECT_SAME("CN=Ca", "OID.2.5.4.3=Ca");
  EXPECT_SAME("S=Bayern", "ST=Bayern");
  EXPECT_SAME("organizationIdentifier=PSDDE-1", "2.5.4.97=#0c0750534444452d31");
  EXPECT_SAME("jurisdictionC=DE", "jurisdictionCountryName=DE");
  EXPECT_SAME("GN=a", "givenName=a");
  EXPECT_SAME("CN=Example Ca", "CN=  EXAMPLE   cA ");
  EXPECT_SAME("CN=Ca+O=Example", "O=Example+CN=Ca");
}

TEST(DistinguishedNameTest, UndoesEscapesAndQuotes) {
  EXPECT_SAME("O=Example\\, Inc.", "O=\"Example, Inc.\"");
  EXPECT_SAME("O=Example\\, Inc.", "O=Example\\2C Inc.");
  EXPECT_SAME("O=a\\+b", "O=\"a+b\"");
  EXPECT_SAME("O=\\#a", "O=\\23a");
  EXPECT_SAME("O=a\\\"b", "O=a\\22b");
  EXPECT_SAME("CN=\\C3\\A9", "CN=é");
  EXPECT_SAME("CN=ca", "CN=#0c026361");
  EXPECT_SAME("1.2.3.4=ca", "1.2.3.4=#13026361");
}

TEST(DistinguishedNameTest, KeepsDifferentNamesApart) {
  EXPECT_OTHER("CN=Ca", "CN=Cb");
  EXPECT_OTHER("CN=Ca", "O=Ca");
  EXPECT_OTHER("UID=u", "0.9.2342.19200300.100.1.44=u");
  EXPECT_OTHER("SN=1", "serialNumber=1");
  EXPECT_OTHER("C=DE", "jurisdictionC=DE");
  EXPECT_OTHER("CN=Ca,O=E", "O=E,CN=Ca");
  EXPECT_OTHER("CN=Ca,O=E", "CN=Ca+O=E");
  EXPECT_OTHER("CN=Ca", "CN=Ca,O=E");
  EXPECT_OTHER("CN=Ca,O=E", "CN=Ca\\,O=E");
  EXPECT_OTHER("CN=a b", "CN=ab");
  EXPECT_OTHER("CN=#0303010203", "CN=010203");
  EXPECT_OTHER("CN=a,O=1:b", "CN=a\\,o=1:b");
}

TEST(DistinguishedNameTest, ReadsTheOrderOfOpensslBackwards) {
  EXPECT_EQ(JoinNameBackwards(*CanonicalName("C = DE, O = Example, CN = Ca")),
            Form("CN=Ca,O=Example,C=DE"));
}

TEST(DistinguishedNameTest, RejectsInvalidNames) {
  EXPECT_EQ(Form(""), "");
  for (const char* bad :
       {"Ca", "=Ca", "CN", "CN=a,", "CN=a,,O=b", ",CN=a", "CN=\"a", "CN=a\\", "CN=a\"b\"",
        "CN=\"a\"b", "/C=DE/CN=Ca", "CN=#", "CN=#0g", "CN=a\\q", "C N=a"}) {
    EXPECT_EQ(Form(bad), "none") << bad;
  }
}

}  // namespace
}  // namespace mantlet::pattern
