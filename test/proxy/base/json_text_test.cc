#include "proxy/base/json_text.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <random>

#include "proxy/base/utf8.h"

namespace mantlet::base {
namespace {

std::string Json(std::string_view bytes) {
  std::string out;
  AppendJsonString(bytes, &out);
  return out;
}

std::string Text(std::string_view bytes) {
  std::string out;
  AppendTextValue(bytes, &out);
  return out;
}

TEST(AppendJsonString, PutsPlainTextBetweenQuotes) {
  EXPECT_EQ(Json(""), R"("")");
  EXPECT_EQ(Json("CN=alice,O=Example"), R"("CN=alice,O=Example")");
  EXPECT_EQ(Json("Zo\xC3\xAB"), "\"Zo\xC3\xAB\"");
}

TEST(AppendJsonString, EscapesWhatJsonForbids) {
  EXPECT_EQ(Json("a\"b\\c"), R"("a\"b\\c")");
  EXPECT_EQ(Json("\n\r\t"), R"("\n\r\t")");
  EXPECT_EQ(Json(std::string_view("\0\x1f", 2)), R"("\u0000\u001f")");
}

TEST(AppendJsonString, EscapesWhatSteersATerminalOrBreaksALine) {
  EXPECT_EQ(Json("\x1b[2J"), R"("\u001b[2J")");
  EXPECT_EQ(Json("\x7f"), R"("\u007f")");
  EXPECT_EQ(Json("\xC2\x85\xC2\x9B"), R"("\u0085\u009b")");
  EXPECT_EQ(Json("\xE2\x80\xA8\xE2\x80\xA9"), R"("\u2028\u2029")");
}

TEST(AppendJsonString, ReplacesBytesThatAreNotUtf8) {
  EXPECT_EQ(Json("a\xFF\xC3"), "\"a\xEF\xBF\xBD\xEF\xBF\xBD\"");
}

TEST(AppendJsonString, AppendsAfterWhatIsThere) {
  std::string out = "{\"k\":";
  AppendJsonString("v", &out);
  EXPECT_EQ(out, R"({"k":"v")");
}

TEST(AppendJsonString, AnyBytesComeBackFromAJsonParserAsTheyWentIn) {
  std::mt19937 random(7);
  for (int round = 0; round < 2000; ++round) {
    std::string bytes(random() % 40, '\0');
    // In half of the cases, bytes that are likely to form sequences, valid or not.
    for (char& c : bytes)
      c = static_cast<char>(
          round % 2 ? random() : "\"\\\n\xC3\xA9\xE2\x80\xA8\xF0\x9F\x98\x80z"[random() % 14]);
    const std::string json = Json(bytes);
    ASSERT_EQ(nlohmann::json::parse(json).get<std::string>(), ValidUtf8(bytes)) << json;
    for (const char c : json) ASSERT_FALSE(static_cast<unsigned char>(c) < 0x20 || c == 0x7f);
  }
}

TEST(AppendTextValue, QuotesOnlyWhatIsNotOneWord) {
  EXPECT_EQ(Text("public"), "public");
  EXPECT_EQ(Text("10.0.0.1:8443"), "10.0.0.1:8443");
  EXPECT_EQ(Text(""), R"("")");
  EXPECT_EQ(Text("two words"), R"("two words")");
  EXPECT_EQ(Text("level=error"), R"("level=error")");
  EXPECT_EQ(Text("a\nb"), R"("a\nb")");
}

}  // namespace
}  // namespace mantlet::base
