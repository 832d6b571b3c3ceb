#include "proxy/sandbox/user.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <fstream>

namespace mantlet::sandbox {
namespace {

using testing::HasSubstr;

bool MayBecomeOthers() {
  unsigned inside = 0, outside = 0, count = 0;
  std::ifstream("/proc/self/uid_map") >> inside >> outside >> count;
  return geteuid() == 0 && count > 65432;
}

TEST(FindUser, FindsNamesAndNumbersWithAndWithoutAGroup) {
  const auto by_name = FindUser("root");
  ASSERT_TRUE(by_name.ok()) << by_name.status();
  EXPECT_EQ(0u, by_name->uid);
  EXPECT_EQ(0u, by_name->gid);
  EXPECT_EQ("root", by_name->name);
  const auto by_number = FindUser("0");
  ASSERT_TRUE(by_number.ok()) << by_number.status();
  EXPECT_EQ("root", by_number->name);
  const auto with_group = FindUser("root:7");
  ASSERT_TRUE(with_group.ok()) << with_group.status();
  EXPECT_EQ(7u, with_group->gid);
  const auto by_name_of_group = FindUser("root:root");
  ASSERT_TRUE(by_name_of_group.ok()) << by_name_of_group.status();
  EXPECT_EQ(0u, by_name_of_group->gid);
  const auto unknown_number = FindUser("65432:65433");
  ASSERT_TRUE(unknown_number.ok()) << unknown_number.status();
  EXPECT_EQ(65432u, unknown_number->uid);
  EXPECT_EQ(65433u, unknown_number->gid);
}

TEST(FindUser, NamesWhatThisMachineLacks) {
  EXPECT_THAT(FindUser("nobody-of-this-name").status().message(),
              HasSubstr("no user 'nobody-of-this-name'"));
  EXPECT_THAT(FindUser("root:no-such-group").status().message(),
              HasSubstr("no group 'no-such-group'"));
  EXPECT_THAT(FindUser("65432").status().message(), HasSubstr("65432:GROUP"));
  // To setuid(2), this number means "no change".
  EXPECT_FALSE(FindUser("4294967295:0").ok());
  EXPECT_FALSE(FindUser("root:4294967295").ok());
  EXPECT_FALSE(FindUser("-1:0").ok());
}

TEST(BecomeUser, DoesNothingForTheUserThatTheProcessHas) {
  EXPECT_TRUE(BecomeUser({getuid(), getgid(), ""}).ok());
}

TEST(BecomeUserDeathTest, IsPermanent) {
  if (!MayBecomeOthers()) GTEST_SKIP() << "needs root, and a user namespace with other users";
  EXPECT_EXIT(
      {
        const absl::Status became = BecomeUser({65432, 65433, ""});
        gid_t groups[2] = {};
        if (!became.ok()) _exit(1);
        if (getuid() != 65432 || geteuid() != 65432 || getgid() != 65433) _exit(2);
        if (getgroups(2, groups) != 1 || groups[0] != 65433) _exit(3);
        if (setuid(0) == 0 || seteuid(0) == 0 || setgid(0) == 0) _exit(4);
        _exit(BecomeUser({0, 0, ""}).ok() ? 5 : 0);
      },
      testing::ExitedWithCode(0), "");
}

}  // namespace
}  // namespace mantlet::sandbox
