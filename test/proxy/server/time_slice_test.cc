#include "proxy/server/time_slice.h"

#include <sched.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cstdint>
#include <thread>

#include "gtest/gtest.h"

namespace mantlet::server {
namespace {

// struct sched_attr of the kernel; the slice is its fourth group of eight bytes.
uint64_t SliceOfThisThread() {
  std::array<uint64_t, 6> attributes{};
  if (syscall(SYS_sched_getattr, 0, attributes.data(), sizeof(attributes), 0) != 0) return 0;
  return attributes[3];
}

void InAThread(void (*test)()) { std::thread(test).join(); }

TEST(TimeSliceTest, IsOfThisThreadAlone) {
  const uint64_t before = SliceOfThisThread();
  if (before == 0) GTEST_SKIP() << "this kernel has no slices (Linux 6.12)";
  InAThread([] {
    EXPECT_TRUE(SetTimeSlice(kWorkerSliceNs));
    EXPECT_EQ(SliceOfThisThread(), kWorkerSliceNs);
  });
  EXPECT_EQ(SliceOfThisThread(), before);
}

TEST(TimeSliceTest, LeavesNicenessAlone) {
  InAThread([] {
    const int nice = getpriority(PRIO_PROCESS, 0) + 1;
    ASSERT_EQ(setpriority(PRIO_PROCESS, 0, nice), 0);
    SetTimeSlice(kWorkerSliceNs);
    EXPECT_EQ(getpriority(PRIO_PROCESS, 0), nice);
  });
}

TEST(TimeSliceTest, LeavesOtherPoliciesAlone) {
  InAThread([] {
    const sched_param none = {};
    ASSERT_EQ(sched_setscheduler(0, SCHED_IDLE, &none), 0);
    EXPECT_FALSE(SetTimeSlice(kWorkerSliceNs));
    EXPECT_EQ(sched_getscheduler(0), SCHED_IDLE);
  });
}

TEST(BecomeNicerTest, AddsToTheNicenessOfThisThreadAlone) {
  const int before = getpriority(PRIO_PROCESS, 0);
  if (before > 9) GTEST_SKIP() << "the test itself runs with a high niceness";
  InAThread([] {
    const int inherited = getpriority(PRIO_PROCESS, 0);
    EXPECT_TRUE(BecomeNicer(10));
    EXPECT_EQ(getpriority(PRIO_PROCESS, 0), inherited + 10);
    EXPECT_TRUE(BecomeNicer(100));
    EXPECT_EQ(getpriority(PRIO_PROCESS, 0), 19);
  });
  EXPECT_EQ(getpriority(PRIO_PROCESS, 0), before);
}

TEST(BecomeNicerTest, LeavesOtherPoliciesAlone) {
  InAThread([] {
    const sched_param none = {};
    ASSERT_EQ(sched_setscheduler(0, SCHED_IDLE, &none), 0);
    EXPECT_FALSE(BecomeNicer(10));
    EXPECT_EQ(sched_getscheduler(0), SCHED_IDLE);
  });
}

}  // namespace
}  // namespace mantlet::server
