#include "proxy/base/linked_list.h"

#include <gtest/gtest.h>

#include <vector>

namespace mantlet::base {
namespace {

struct Item : ListLink {
  explicit Item(int value) : value(value) {}
  int value;
};

std::vector<int> Values(const ListLink& list) {
  std::vector<int> forwards, backwards;
  for (const ListLink* l = list.next; l != &list; l = l->next) {
    forwards.push_back(static_cast<const Item&>(*l).value);
  }
  for (const ListLink* l = list.previous; l != &list; l = l->previous) {
    backwards.insert(backwards.begin(), static_cast<const Item&>(*l).value);
  }
  EXPECT_EQ(forwards, backwards);
  return forwards;
}

class ListLinkTest : public testing::Test {
 protected:
  ListLink list_, other_;
  Item one_{1}, two_{2}, three_{3};
};

TEST_F(ListLinkTest, KeepsTheOrderInWhichElementsAreAppended) {
  EXPECT_TRUE(list_.IsAlone());
  list_.Append(one_);
  list_.Append(two_);
  list_.Append(three_);
  EXPECT_EQ(Values(list_), (std::vector{1, 2, 3}));
  EXPECT_FALSE(list_.IsAlone());
}

TEST_F(ListLinkTest, AnElementLeavesFromAnywhereAndIsAloneThen) {
  for (Item* item : {&one_, &two_, &three_}) list_.Append(*item);
  two_.Unlink();
  EXPECT_TRUE(two_.IsAlone());
  EXPECT_EQ(Values(list_), (std::vector{1, 3}));
  one_.Unlink();
  three_.Unlink();
  three_.Unlink();
  EXPECT_TRUE(list_.IsAlone());
}

TEST_F(ListLinkTest, SplicingEmptiesTheOtherListInItsOrder) {
  list_.Append(one_);
  other_.Append(two_);
  other_.Append(three_);
  list_.Splice(other_);
  EXPECT_EQ(Values(list_), (std::vector{1, 2, 3}));
  EXPECT_TRUE(other_.IsAlone());
  list_.Splice(other_);
  EXPECT_EQ(Values(list_), (std::vector{1, 2, 3}));
  other_.Splice(list_);
  EXPECT_EQ(Values(other_), (std::vector{1, 2, 3}));
  EXPECT_TRUE(list_.IsAlone());
}

}  // namespace
}  // namespace mantlet::base
