#include "config/difference.h"

#include <string>
#include <utility>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace mantlet::config {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

Config Two() {
  Config config;
  config.listeners.resize(2);
  config.listeners[0].name = "one";
  config.listeners[1].name = "two";
  config.upstreams.resize(1);
  config.upstreams[0].name = "app";
  return config;
}

TEST(SettingsThatChanged, ListsAddedRemovedAndChangedSettings) {
  const Config before = Two();
  EXPECT_THAT(SettingsThatChanged(before, before), IsEmpty());
  Config after = before;
  after.listeners[0].limits.header_count = 7;
  after.listeners[1].name = "three";
  after.upstreams[0].pool.connections = 7;
  after.drain = Milliseconds(7);
  EXPECT_THAT(SettingsThatChanged(before, after),
              ElementsAre("listener 'one' has other settings", "listener 'three' is new",
                          "listener 'two' is gone", "upstream 'app' has other settings",
                          HasSubstr("of the process")));
}

TEST(SettingsThatChanged, AnotherLayoutIsNoChangeAndAnotherOrderIsOne) {
  const Config before = Two();
  Config after = before;
  after.listeners[0].where.line = 7;
  EXPECT_THAT(SettingsThatChanged(before, after), IsEmpty());
  std::swap(after.listeners[0], after.listeners[1]);
  EXPECT_THAT(SettingsThatChanged(before, after), ElementsAre(HasSubstr("order")));
}

TEST(KeysThatNeedRestart, AreThoseThatDiffer) {
  const Config before = Two();
  Config after = before;
  EXPECT_TRUE(KeysThatNeedRestart(before, after).empty());
  after.listeners.clear();
  after.drain = Milliseconds(1);
  EXPECT_TRUE(KeysThatNeedRestart(before, after).empty());
  after.workers = 9;
  after.admin.enabled = true;
  after.upgrade.socket = "/run/mantlet/upgrade.sock";
  after.user = "mantlet";
  after.sandbox.seccomp = false;
  EXPECT_EQ(
      KeysThatNeedRestart(before, after),
      (std::vector<std::string>{"workers", "admin.address", "upgrade.socket", "user", "sandbox"}));
}

}  // namespace
}  // namespace mantlet::config
