#include "certs/strict_json.h"

#include <string>

#include "gtest/gtest.h"

namespace mantlet::certs {
namespace {

std::string Complaint(const std::string& text) {
  return std::string(ParseStrictJson(text).status().message());
}

std::string Nested(size_t depth) { return std::string(depth, '[') + std::string(depth, ']'); }

TEST(StrictJson, ReadsADocument) {
  auto json = ParseStrictJson(R"( {"a": [1, -2, 3.5, true, null, "\u00fc"]} )");
  ASSERT_TRUE(json.ok()) << json.status();
  EXPECT_EQ((*json)["a"].size(), 6u);
}

TEST(StrictJson, RejectsADuplicateNameInOneObject) {
  EXPECT_EQ(Complaint(R"({"a":1,"a":1})"), "the name 'a' occurs twice in one object");
  EXPECT_EQ(Complaint(R"({"b":{"a":1,"\u0061":2}})"), "the name 'a' occurs twice in one object");
  EXPECT_EQ(Complaint(R"([{"a":1},{"a":1,"b":{"a":1}}])"), "");
}

TEST(StrictJson, RejectsAnyTornPrefix) {
  const std::string whole = R"({"keys":[{"use":"x509-svid","n":12.5e3,"b":true}]})";
  for (size_t length = 0; length < whole.size(); ++length) {
    EXPECT_FALSE(ParseStrictJson(whole.substr(0, length)).ok()) << length;
  }
  EXPECT_EQ(Complaint(whole), "");
  EXPECT_EQ(Complaint(R"({"keys":[)"), "the JSON is truncated");
}

TEST(StrictJson, RejectsWhatOtherParsersAccept) {
  for (const char* text : {"",        " ",          "{\"a\":1}x", "{\"a\":1}{}", "{\"a\":1,}",
                           "[1,]",    "{a:1}",      "{'a':1}",    "// x\n{}",    "/* x */{}",
                           "NaN",     "[Infinity]", "[01]",       "[+1]",        "[.5]",
                           "[1.]",    "[0x1]",      "\"\n\"",     "\"\x80\"",    "\"\\ud800\"",
                           "\"\\x\"", "{\"a\" 1}",  "[1 2]",      "[1e999]",     "True"}) {
    EXPECT_FALSE(ParseStrictJson(text).ok()) << text;
  }
  EXPECT_FALSE(ParseStrictJson(std::string("{}\0", 3)).ok());
  EXPECT_FALSE(ParseStrictJson(std::string("{}\0{", 4)).ok());
}

TEST(StrictJson, BoundsDepthAndSize) {
  EXPECT_TRUE(ParseStrictJson(Nested(16)).ok());
  EXPECT_EQ(Complaint(Nested(17)), "the JSON is nested deeper than 16 levels");
  EXPECT_FALSE(ParseStrictJson(std::string(2'000'000, '[')).ok());
  std::string large = "\"" + std::string(4 * 1024 * 1024 - 2, 'a') + "\"";
  EXPECT_TRUE(ParseStrictJson(large).ok());
  EXPECT_EQ(Complaint(large + " "), "it is larger than 4 MiB");
}

TEST(StrictJson, KnowsAnObjectByItsBrace) {
  EXPECT_TRUE(LooksLikeJsonObject("{}"));
  EXPECT_TRUE(LooksLikeJsonObject(" \r\n\t{"));
  EXPECT_FALSE(LooksLikeJsonObject(""));
  EXPECT_FALSE(LooksLikeJsonObject("-----BEGIN CERTIFICATE-----"));
  EXPECT_FALSE(LooksLikeJsonObject("\x30\x82{"));
}

}  // namespace
}  // namespace mantlet::certs
