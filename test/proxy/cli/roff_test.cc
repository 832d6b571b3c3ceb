#include "proxy/cli/roff.h"

#include <gtest/gtest.h>

#include "proxy/cli/completion.h"

namespace mantlet::cli {
namespace {

TEST(RoffText, EscapesWhatRoffWouldRead) {
  EXPECT_EQ(RoffText("--a\\b"), "\\-\\-a\\eb");
  EXPECT_EQ(RoffText("it's ~ ^ `"), "it\\(aqs \\(ti \\(ha \\(ga");
  EXPECT_EQ(RoffText("a … b"), "a ... b");
}

TEST(RoffProse, HasNoRequestAtTheBeginOfALine) {
  EXPECT_EQ(RoffProse(".br is one"), "\\&.br is one\n");
  const std::string long_text = std::string(77, 'a') + " .br b";
  EXPECT_EQ(RoffProse(long_text), std::string(77, 'a') + "\n\\&.br b\n");
}

TEST(RoffProse, ShowsWordsBetweenBackticksInBold) {
  EXPECT_EQ(RoffProse("write `--off` or `on`"), "write \\fB\\-\\-off\\fR or \\fBon\\fR\n");
}

CommandTree Hostile() {
  return {"mantlet", "top", {}, {{"run", "it's [a]: \\ $(touch x) `touch x`", {}, {}}}};
}

TEST(Completion, QuotesDescriptions) {
  EXPECT_NE(ZshCompletion(Hostile()).find(R"('run:it'\''s \[a\]\: \\ $(touch x) `touch x`')"),
            std::string::npos)
      << ZshCompletion(Hostile());
  EXPECT_NE(FishCompletion(Hostile()).find(R"('it\'s [a]: \\ $(touch x) `touch x`')"),
            std::string::npos)
      << FishCompletion(Hostile());
}

}  // namespace
}  // namespace mantlet::cli
