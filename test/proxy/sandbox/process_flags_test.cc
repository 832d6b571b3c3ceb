#include "proxy/sandbox/process_flags.h"

#include <gtest/gtest.h>
#include <sys/prctl.h>
#include <sys/resource.h>

namespace mantlet::sandbox {
namespace {

TEST(DisableDumps, KeepsTheMemoryOutOfCoreDumpsAndDebuggers) {
  ASSERT_EQ(1, prctl(PR_GET_DUMPABLE));
  EXPECT_TRUE(DisableDumps());
  EXPECT_EQ(0, prctl(PR_GET_DUMPABLE));
  rlimit limit = {};
  ASSERT_EQ(0, getrlimit(RLIMIT_CORE, &limit));
  EXPECT_EQ(0u, limit.rlim_cur);
  EXPECT_EQ(0u, limit.rlim_max);
}

TEST(SetNoNewPrivileges, SetsTheFlagOfTheKernel) {
  EXPECT_TRUE(SetNoNewPrivileges());
  EXPECT_EQ(1, prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0));
}

}  // namespace
}  // namespace mantlet::sandbox
