#include "proxy/x509/name_forms.h"

#include <optional>
#include <string>
#include <string_view>

#include "gtest/gtest.h"

namespace mantlet::x509 {
namespace {

constexpr Within kInside = Within::kInside, kOutside = Within::kOutside,
                 kUnclear = Within::kUnclear;

TEST(NameForms, ADnsConstraintSpansTheHostAndAllBelowIt) {
  EXPECT_EQ(DnsNameWithin("host.example.com", "host.example.com"), kInside);
  EXPECT_EQ(DnsNameWithin("www.host.example.com", "host.example.com"), kInside);
  EXPECT_EQ(DnsNameWithin("a.b.host.example.com", "host.example.com"), kInside);
  EXPECT_EQ(DnsNameWithin("host1.example.com", "host.example.com"), kOutside);
  EXPECT_EQ(DnsNameWithin("myhost.example.com", "host.example.com"), kOutside);
  EXPECT_EQ(DnsNameWithin("example.com", "host.example.com"), kOutside);
  EXPECT_EQ(DnsNameWithin("HOST.Example.COM", "host.example.com"), kInside);
  EXPECT_EQ(DnsNameWithin("anything", ""), kInside);
}

TEST(NameForms, ALeadingDotLeavesTheHostItselfOut) {
  EXPECT_EQ(DnsNameWithin("www.example.com", ".example.com"), kInside);
  EXPECT_EQ(DnsNameWithin("example.com", ".example.com"), kOutside);
  EXPECT_EQ(DnsNameWithin("wwwexample.com", ".example.com"), kOutside);
}

TEST(NameForms, AWildcardIsInsideOnlyWithAllThatItStandsFor) {
  EXPECT_EQ(DnsNameWithin("*.example.com", "example.com"), kInside);
  EXPECT_EQ(DnsNameWithin("*.example.com", ".example.com"), kInside);
  EXPECT_EQ(DnsNameWithin("*.example.com", "foo.example.com"), kUnclear);
  EXPECT_EQ(DnsNameWithin("*.EXAMPLE.com", "foo.example.COM"), kUnclear);
  EXPECT_EQ(DnsNameWithin("*.example.com", "a.foo.example.com"), kOutside);
  EXPECT_EQ(DnsNameWithin("*.example.com", ".foo.example.com"), kOutside);
  EXPECT_EQ(DnsNameWithin("*.example.com", "example.org"), kOutside);
}

TEST(NameForms, ADnsNameThatIsNoneIsUnclear) {
  for (std::string_view name :
       {std::string_view(""), std::string_view("."), std::string_view("a..b"),
        std::string_view(".a"), std::string_view("a."), std::string_view("*"),
        std::string_view("*."), std::string_view("a.*.b"), std::string_view("a*.b"),
        std::string_view("a b"), std::string_view("a\0b", 3), std::string_view("b\xc3\xbc.de"),
        std::string_view("a/b"), std::string_view("a@b")}) {
    EXPECT_EQ(DnsNameWithin(name, ""), kUnclear) << name;
    EXPECT_EQ(DnsNameWithin(name, "example.com"), kUnclear) << name;
  }
  EXPECT_EQ(DnsNameWithin(std::string(64, 'a'), ""), kUnclear);
  EXPECT_EQ(DnsNameWithin(std::string(63, 'a'), ""), kInside);
}

TEST(NameForms, KnowsAHostConstraint) {
  for (const char* good : {"", "example.com", ".example.com", "a", "under_score.example"}) {
    EXPECT_TRUE(IsHostConstraint(good)) << good;
  }
  for (const char* bad : {".", "..", "*.example.com", "a..b", "a.", "http://a", "a:1", "a b"}) {
    EXPECT_FALSE(IsHostConstraint(bad)) << bad;
  }
}

TEST(NameForms, AMailConstraintIsAMailboxAHostOrADomain) {
  EXPECT_EQ(MailboxWithin("root@example.com", "root@example.com"), kInside);
  EXPECT_EQ(MailboxWithin("root@EXAMPLE.com", "root@example.com"), kInside);
  EXPECT_EQ(MailboxWithin("Root@example.com", "root@example.com"), kOutside);
  EXPECT_EQ(MailboxWithin("root@example.com", "example.com"), kInside);
  EXPECT_EQ(MailboxWithin("root@a.example.com", "example.com"), kOutside);
  EXPECT_EQ(MailboxWithin("root@a.example.com", ".example.com"), kInside);
  EXPECT_EQ(MailboxWithin("root@example.com", ".example.com"), kOutside);
  EXPECT_EQ(MailboxWithin("root@example.com", ""), kInside);
  EXPECT_TRUE(IsMailConstraint("root@example.com"));
  EXPECT_TRUE(IsMailConstraint(".example.com"));
  EXPECT_FALSE(IsMailConstraint("@example.com"));
  EXPECT_FALSE(IsMailConstraint("[192.0.2.1]"));
}

TEST(NameForms, AMailboxThatCanBeSpeltInTwoWaysIsUnclear) {
  for (const char* mailbox : {"", "example.com", "@example.com", "a@b@example.com", "a@",
                              "\"a\"@example.com", "a@[192.0.2.1]", "<a@example.com>", "a b@c"}) {
    EXPECT_EQ(MailboxWithin(mailbox, "example.com"), kUnclear) << mailbox;
  }
}

TEST(NameForms, FindsTheHostOfAUri) {
  EXPECT_EQ(UriHost("spiffe://example.org/workload"), "example.org");
  EXPECT_EQ(UriHost("https://user:pw@example.org:443/a?b#c"), "example.org");
  EXPECT_EQ(UriHost("https://good.example@evil.example/"), "evil.example");
  EXPECT_EQ(UriHost("https://evil.example?@good.example/"), "evil.example");
  for (const char* uri :
       {"", "example.org", "urn:isbn:1", "mailto:a@example.org", "https:/example.org",
        "https:///path", "https://192.0.2.1/", "https://[2001:db8::1]/", "https://a%2eb/",
        "https://a\\b/", "https://evil.example\\@good.example/", "https://a@b@c/", "https://a:b/",
        "https://a b/", "https://127.1/"}) {
    EXPECT_EQ(UriHost(uri), std::nullopt) << uri;
  }
}

TEST(NameForms, AUriConstraintIsAHostOrADomain) {
  EXPECT_EQ(UriWithin("spiffe://example.org/a", "example.org"), kInside);
  EXPECT_EQ(UriWithin("spiffe://a.example.org/a", "example.org"), kOutside);
  EXPECT_EQ(UriWithin("spiffe://a.example.org/a", ".example.org"), kInside);
  EXPECT_EQ(UriWithin("spiffe://example.org/a", ".example.org"), kOutside);
  EXPECT_EQ(UriWithin("urn:a", "example.org"), kUnclear);
  EXPECT_EQ(UriWithin("urn:a", ""), kUnclear);
}

TEST(NameForms, AnAddressConstraintIsAnAddressAndAMask) {
  const std::string net("\xc0\x00\x02\x00\xff\xff\xff\x00", 8);
  EXPECT_EQ(AddressWithin(std::string("\xc0\x00\x02\x07", 4), net), kInside);
  EXPECT_EQ(AddressWithin(std::string("\xc0\x00\x03\x07", 4), net), kOutside);
  EXPECT_EQ(AddressWithin(std::string(16, '\0'), net), kOutside);
  EXPECT_EQ(AddressWithin("123", net), kUnclear);
  EXPECT_EQ(AddressWithin(std::string("\x01\x02\x03\x04", 4), std::string(8, '\0')), kInside);
  // Bits of the address outside the mask are ignored.
  EXPECT_EQ(AddressWithin(std::string("\xc0\x00\x02\x07", 4),
                          std::string("\xc0\x00\x02\x99\xff\xff\xff\x00", 8)),
            kInside);
}

TEST(NameForms, AMaskWithHolesIsNone) {
  EXPECT_TRUE(IsAddressConstraint(std::string("\x0a\0\0\0\xff\xfe\0\0", 8)));
  EXPECT_TRUE(IsAddressConstraint(std::string(32, '\xff')));
  EXPECT_FALSE(IsAddressConstraint(std::string("\x0a\0\0\0\xff\0\xff\0", 8)));
  EXPECT_FALSE(IsAddressConstraint(std::string("\x0a\0\0\0\xff\xfd\0\0", 8)));
  EXPECT_FALSE(IsAddressConstraint(std::string(4, '\0')));
  EXPECT_FALSE(IsAddressConstraint(""));
}

}  // namespace
}  // namespace mantlet::x509
