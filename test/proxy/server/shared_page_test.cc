#include "proxy/server/shared_page.h"

#include <string>
#include <vector>

#include "gtest/gtest.h"

namespace mantlet::server {
namespace {

class SharedPageTest : public testing::Test {
 protected:
  void Ask(const std::string& who) {
    page_.Request([this, who](const std::string& page) { answers_.push_back(who + ": " + page); });
  }
  void End(const std::string& text) {
    const SharedPage::Done done = std::exchange(rendering_, nullptr);
    done(text);
  }

  SharedPage::Done rendering_;
  int renderings_ = 0;
  SharedPage page_{[this](SharedPage::Done done) {
    EXPECT_EQ(rendering_, nullptr) << "one at a time";
    ++renderings_;
    rendering_ = std::move(done);
  }};
  std::vector<std::string> answers_;
};

TEST_F(SharedPageTest, ARequestDuringARenderingGetsTheNextPage) {
  Ask("one");
  Ask("two");
  Ask("three");
  EXPECT_EQ(renderings_, 1);
  End("first");
  EXPECT_EQ(answers_, std::vector<std::string>{"one: first"});
  EXPECT_EQ(renderings_, 2);
  End("second");
  EXPECT_EQ(answers_, (std::vector<std::string>{"one: first", "two: second", "three: second"}));
  EXPECT_EQ(renderings_, 2) << "nobody waits";
  Ask("four");
  EXPECT_EQ(renderings_, 3);
}

TEST_F(SharedPageTest, ARequestFromAnAnswerIsANewOne) {
  page_.Request([this](const std::string&) { Ask("again"); });
  End("first");
  EXPECT_TRUE(answers_.empty());
  EXPECT_EQ(renderings_, 2);
  End("second");
  EXPECT_EQ(answers_, std::vector<std::string>{"again: second"});
}

}  // namespace
}  // namespace mantlet::server
