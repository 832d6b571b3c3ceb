#include "proxy/http2/field_block.h"

#include <string>
#include <string_view>

#include "gtest/gtest.h"

namespace mantlet::http2 {
namespace {

constexpr http::LiteralName kVia = {"Via", "via"};
constexpr http::LiteralName kGone = {"Gone", "gone"};

std::string Text(FieldBlock& block) {
  std::string text;
  for (const nghttp2_nv& field : block.fields()) {
    text.append(reinterpret_cast<const char*>(field.name), field.namelen).append("=");
    text.append(reinterpret_cast<const char*>(field.value), field.valuelen).append("|");
  }
  return text;
}

TEST(FieldBlockTest, NamesAndValuesAreAsTheyWereGiven) {
  FieldBlock block;
  EXPECT_TRUE(block.empty());
  block.Field("Content-Type", "Text/Plain");
  block.Field("X_y", "");
  EXPECT_FALSE(block.empty());
  EXPECT_EQ(Text(block), "Content-Type=Text/Plain|X_y=|");
}

TEST(FieldBlockTest, ARunOfLinesIsOneFieldForEachLine) {
  FieldBlock block;
  block.Run("A: 1\r\nEmpty: \r\nTime: 12:30: now\r\n");
  EXPECT_EQ(Text(block), "A=1|Empty=|Time=12:30: now|");
  block.Run("");
  block.Run("no line");
  block.Run("name: no end");
  EXPECT_EQ(Text(block), "A=1|Empty=|Time=12:30: now|");
}

TEST(FieldBlockTest, AFieldMayComeInPiecesAndMayBeDropped) {
  FieldBlock block;
  block.Begin(kVia);
  block.Append("a");
  block.Append(", b");
  EXPECT_EQ(block.value(), "a, b");
  block.End();
  block.Begin(kGone);
  block.Append("x");
  block.Drop();
  block.Number("content-length", 18446744073709551615u);
  EXPECT_EQ(Text(block), "via=a, b|content-length=18446744073709551615|");
}

TEST(FieldBlockTest, NothingIsLeftAfterClear) {
  FieldBlock block;
  block.Field("a", "b");
  block.Clear();
  EXPECT_TRUE(block.empty());
  const std::string value(100'000, 'd');
  block.Field("c", value);
  EXPECT_EQ(Text(block), "c=" + std::string(100'000, 'd') + "|");
}

TEST(FieldBlockTest, ValuesInPiecesAreKeptWhenOthersAreAddedOrRemoved) {
  FieldBlock block;
  block.Field("a", "1");
  block.Begin(kGone);
  block.Append("x");
  block.End();
  block.Begin(kVia);
  block.Append("short");
  block.End();
  block.Field("A", "2");
  block.Remove("a");
  block.Remove("Gone");
  block.Begin(kVia);
  for (int i = 0; i < 1000; ++i) block.Append("longer than the memory of the first value");
  block.End();
  block.Remove("none");
  block.Literal("te", "trailers");
  const std::span<nghttp2_nv> fields = block.fields();
  ASSERT_EQ(fields.size(), 3u);
  EXPECT_EQ(std::string(reinterpret_cast<const char*>(fields[0].value), fields[0].valuelen),
            "short");
  EXPECT_EQ(fields[1].valuelen, 41'000u);
  EXPECT_EQ(fields[2].flags, NGHTTP2_NV_FLAG_NO_COPY_NAME);
}

}  // namespace
}  // namespace mantlet::http2
