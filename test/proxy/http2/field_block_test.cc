#include "proxy/http2/field_block.h"

#include <string>
#include <string_view>

#include "gtest/gtest.h"

namespace mantlet::http2 {
namespace {

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
  block.Begin("Via");
  block.Append("a");
  block.Append(", b");
  EXPECT_EQ(block.value(), "a, b");
  block.End();
  block.Begin("Gone");
  block.Append("x");
  block.Drop();
  block.Number("Content-Length", 18446744073709551615u);
  EXPECT_EQ(Text(block), "Via=a, b|Content-Length=18446744073709551615|");
}

TEST(FieldBlockTest, NothingIsLeftAfterClear) {
  FieldBlock block;
  block.Field("a", "b");
  block.Clear();
  EXPECT_TRUE(block.empty());
  block.Field("c", std::string(100'000, 'd'));
  EXPECT_EQ(Text(block), "c=" + std::string(100'000, 'd') + "|");
}

}  // namespace
}  // namespace mantlet::http2
