#include "proxy/pattern/spiffe_id.h"

#include <gtest/gtest.h>

#include <string>

namespace mantlet::pattern {
namespace {

using std::string_literals::operator""s;

// Returns "DOMAIN|PATH", or "" for a text that is rejected.
std::string Parsed(const std::string& text) {
  absl::StatusOr<SpiffeId> id = ParseSpiffeId(text);
  if (!id.ok()) return "";
  return std::string(id->trust_domain) + "|" + std::string(id->path);
}

std::string Complaint(const std::string& text) {
  return std::string(ParseSpiffeId(text).status().message());
}

std::string OfLength(size_t length) {
  const std::string start = "spiffe://example.org/";
  return start + std::string(length - start.size(), 'a');
}

TEST(SpiffeIdTest, SeparatesTrustDomainAndPath) {
  EXPECT_EQ(Parsed("spiffe://example.org/ns/prod/sa/web"), "example.org|/ns/prod/sa/web");
  EXPECT_EQ(Parsed("spiffe://a/b"), "a|/b");
}

TEST(SpiffeIdTest, AcceptsATrustDomainsOwnId) {
  EXPECT_EQ(Parsed("spiffe://example.org"), "example.org|");
}

TEST(SpiffeIdTest, AcceptsEveryCharacterOfTheStandardAndCaseInThePath) {
  EXPECT_EQ(Parsed("spiffe://a-z_0.9/A-Z_0.9"), "a-z_0.9|/A-Z_0.9");
  EXPECT_EQ(Parsed("spiffe://1.2.3.4/x"), "1.2.3.4|/x");
  EXPECT_EQ(Parsed("spiffe://-._/..."), "-._|/...");
  EXPECT_EQ(Parsed("spiffe://td/.hidden/..x/x.."), "td|/.hidden/..x/x..");
}

TEST(SpiffeIdTest, AcceptsTheGreatestLengthsAndNoByteMore) {
  EXPECT_NE(Parsed(OfLength(2048)), "");
  EXPECT_EQ(Parsed(OfLength(2049)), "");
  EXPECT_NE(Parsed("spiffe://" + std::string(255, 'a') + "/b"), "");
  EXPECT_EQ(Parsed("spiffe://" + std::string(256, 'a') + "/b"), "");
}

TEST(SpiffeIdTest, RejectsOtherSchemes) {
  for (const char* text :
       {"", "spiffe", "spiffe:", "spiffe:/", "spiffe:/a/b", "spiffe:a/b", "spif://a/b",
        "https://example.org/x", "//example.org/x", "example.org/x", "spiffes://a/b",
        " spiffe://a/b", "urn:spiffe://a/b", "spiffe;//a/b", "spiffe:\\\\a\\b"}) {
    EXPECT_EQ(Parsed(text), "") << text;
  }
}

TEST(SpiffeIdTest, RejectsUpperCaseInSchemeAndTrustDomain) {
  EXPECT_EQ(Parsed("SPIFFE://example.org/x"), "");
  EXPECT_EQ(Parsed("Spiffe://example.org/x"), "");
  EXPECT_EQ(Parsed("spiffe://Example.org/x"), "");
  EXPECT_EQ(Parsed("spiffe://example.ORG/x"), "");
}

TEST(SpiffeIdTest, RejectsTrustDomainsThatAreNoPlainName) {
  for (const std::string& text :
       {"spiffe://"s,        "spiffe:///x"s,      "spiffe://user@a/x"s, "spiffe://user:pw@a/x"s,
        "spiffe://@a/x"s,    "spiffe://a:443/x"s, "spiffe://a:/x"s,     "spiffe://[::1]/x"s,
        "spiffe://%61/x"s,   "spiffe://a%2fb/x"s, "spiffe://a b/x"s,    "spiffe://a\0b/x"s,
        "spiffe://a\n/x"s,   "spiffe://a,b/x"s,   "spiffe://a;b/x"s,    "spiffe://a=b/x"s,
        "spiffe://a~/x"s,    "spiffe://a*/x"s,    "spiffe://*.a/x"s,    "spiffe://b\xc3\xbc/x"s,
        "spiffe://a\x80/x"s, "spiffe://a\\x"s,    "spiffe://a+b/x"s,    "spiffe://a!/x"s}) {
    EXPECT_EQ(Parsed(text), "") << text;
  }
}

TEST(SpiffeIdTest, RejectsEmptySegmentsAndTrailingSlashes) {
  for (const char* text : {"spiffe://a/", "spiffe://a//", "spiffe://a//b", "spiffe://a/b/",
                           "spiffe://a/b//c", "spiffe://a/b//"}) {
    EXPECT_EQ(Parsed(text), "") << text;
  }
}

TEST(SpiffeIdTest, RejectsRelativeSegments) {
  for (const char* text : {"spiffe://a/.", "spiffe://a/..", "spiffe://a/./b", "spiffe://a/../b",
                           "spiffe://a/b/.", "spiffe://a/b/..", "spiffe://a/b/../c"}) {
    EXPECT_EQ(Parsed(text), "") << text;
  }
}

TEST(SpiffeIdTest, RejectsEveryOtherByteInThePath) {
  for (int byte = 0; byte < 256; ++byte) {
    const char c = static_cast<char>(byte);
    const std::string text = "spiffe://td/a"s + c + "b";
    const bool allowed = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                         (c >= '0' && c <= '9') || c == '.' || c == '-' || c == '_' || c == '/';
    EXPECT_EQ(ParseSpiffeId(text).ok(), allowed) << byte;
  }
}

TEST(SpiffeIdTest, RejectsEveryOtherByteInTheTrustDomain) {
  for (int byte = 0; byte < 256; ++byte) {
    const char c = static_cast<char>(byte);
    const std::string name = "a"s + c + "b";
    const bool allowed =
        (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '-' || c == '_';
    EXPECT_EQ(CheckTrustDomain(name).ok(), allowed) << byte;
    if (c != '/') {
      EXPECT_EQ(ParseSpiffeId("spiffe://" + name + "/x").ok(), allowed) << byte;
    }
  }
}

TEST(SpiffeIdTest, RejectsQueryFragmentAndPercentEncoding) {
  for (const char* text :
       {"spiffe://a/b?", "spiffe://a/b?q=1", "spiffe://a/b#", "spiffe://a/b#f", "spiffe://a?q",
        "spiffe://a#f", "spiffe://a/%62", "spiffe://a/b%2Fc", "spiffe://a/b%00", "spiffe://a/%"}) {
    EXPECT_EQ(Parsed(text), "") << text;
  }
}

TEST(SpiffeIdTest, TheErrorDescribesTheProblem) {
  EXPECT_EQ(Complaint("https://a/b"), "its scheme is not spiffe");
  EXPECT_EQ(Complaint("SPIFFE://a/b"), "it does not begin with 'spiffe://' in lower case");
  EXPECT_EQ(Complaint("spiffe:///b"), "the trust domain is empty");
  EXPECT_EQ(Complaint("spiffe://A/b"), "the trust domain is not in lower case");
  EXPECT_EQ(Complaint("spiffe://u@a/b"), "it has user information before the trust domain");
  EXPECT_EQ(Complaint("spiffe://a:1/b"), "it has a port after the trust domain");
  EXPECT_EQ(Complaint("spiffe://a/b?c"), "it has a query or a fragment");
  EXPECT_EQ(Complaint("spiffe://a/b/"), "its path has an empty segment, or ends with a slash");
  EXPECT_EQ(Complaint("spiffe://a/../b"), "its path has a segment '.' or '..'");
  EXPECT_EQ(Complaint(OfLength(2049)), "it is longer than 2048 bytes");
}

TEST(SpiffeIdTest, KnowsWhatClaimsToBeAnIdInAnySpelling) {
  for (const std::string& uri : {"spiffe://a/b"s, "SPIFFE://a/b"s, "Spiffe:a"s, "spiffe:"s,
                                 " spiffe://a/b"s, "\0\r\n\tspiffe://a/b"s, "spi\tffe\n://a/b"s}) {
    EXPECT_TRUE(ClaimsToBeSpiffeId(uri)) << uri;
  }
  for (const char* uri :
       {"", " ", "spiffe", "https://spiffe:1/", "spiffes://a/b", "-spiffe://a/b"}) {
    EXPECT_FALSE(ClaimsToBeSpiffeId(uri)) << uri;
  }
}

}  // namespace
}  // namespace mantlet::pattern
