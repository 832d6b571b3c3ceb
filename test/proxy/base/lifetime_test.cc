#include "proxy/base/lifetime.h"

#include <optional>

#include "gtest/gtest.h"

namespace mantlet::base {
namespace {

TEST(LifetimeTest, AWatchSeesTheEndOfWhatItWatches) {
  std::optional<Lifetime> lifetime(std::in_place);
  Lifetime::Watch watch(*lifetime);
  EXPECT_FALSE(watch.ended());
  lifetime.reset();
  EXPECT_TRUE(watch.ended());
}

TEST(LifetimeTest, EveryWatchOfANestedCallSeesTheEnd) {
  std::optional<Lifetime> lifetime(std::in_place);
  Lifetime::Watch outer(*lifetime);
  {
    Lifetime::Watch inner(*lifetime);
    lifetime.reset();
    EXPECT_TRUE(inner.ended());
  }
  EXPECT_TRUE(outer.ended());
}

TEST(LifetimeTest, AWatchThatHasEndedIsNotNotified) {
  std::optional<Lifetime> lifetime(std::in_place);
  Lifetime::Watch outer(*lifetime);
  {
    Lifetime::Watch inner(*lifetime);
  }
  lifetime.reset();
  EXPECT_TRUE(outer.ended());
}

}  // namespace
}  // namespace mantlet::base
