#include "proxy/pattern/attribute_type.h"

#include <gtest/gtest.h>

#include <string>

namespace mantlet::pattern {
namespace {

TEST(AttributeTypeTest, PrintsWhatOpensslPrints) {
  EXPECT_EQ(AttributeKeyword("2.5.4.3"), "CN");
  EXPECT_EQ(AttributeKeyword("2.5.4.97"), "organizationIdentifier");
  EXPECT_EQ(AttributeKeyword("1.3.6.1.4.1.311.60.2.1.3"), "jurisdictionC");
  EXPECT_EQ(AttributeKeyword("0.9.2342.19200300.100.1.1"), "UID");
  EXPECT_EQ(AttributeKeyword("1.2.840.113549.1.9.1"), "emailAddress");
  for (const char* unknown : {"", "2.5.4", "2.5.4.33", "2.5.4.970", "CN"}) {
    EXPECT_EQ(AttributeKeyword(unknown), "") << unknown;
  }
}

TEST(AttributeTypeTest, KnowsATypeByAllOfItsNames) {
  for (const char* name : {"organizationidentifier", "2.5.4.97"}) {
    EXPECT_EQ(CanonicalAttributeType(name), "organizationidentifier");
  }
  for (const char* name : {"emailaddress", "e", "email", "1.2.840.113549.1.9.1"}) {
    EXPECT_EQ(CanonicalAttributeType(name), "emailaddress");
  }
  EXPECT_EQ(CanonicalAttributeType("1.2.3"), "1.2.3");
  EXPECT_EQ(CanonicalAttributeType("unheard-of"), "unheard-of");
  EXPECT_EQ(CanonicalAttributeType(""), "");
}

// The printed name of a type must not be the name of another one, as OpenSSL's "uid" would be.
TEST(AttributeTypeTest, NoKeywordIsTheNameOfAnotherType) {
  for (int arc = 0; arc < 130; ++arc) {
    for (const char* prefix : {"2.5.4.", "0.9.2342.19200300.100.1.", "1.2.840.113549.1.9.",
                               "1.2.643.100.", "1.3.6.1.4.1.311.60.2.1."}) {
      const std::string dotted = prefix + std::to_string(arc);
      std::string folded(AttributeKeyword(dotted));
      if (folded.empty()) continue;
      for (char& c : folded) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c;
      EXPECT_EQ(CanonicalAttributeType(dotted), folded) << dotted;
      EXPECT_EQ(CanonicalAttributeType(folded), folded) << dotted;
    }
  }
}

}  // namespace
}  // namespace mantlet::pattern
