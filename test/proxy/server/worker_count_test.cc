#include "proxy/server/worker_count.h"

#include <sched.h>

#include <map>
#include <optional>
#include <string>
#include <thread>

#include "gtest/gtest.h"
#include "proxy/server/cgroup.h"

namespace mantlet::server {
namespace {

TEST(WorkerCount, RoundsAQuotaUpToWholeProcessors) {
  EXPECT_EQ(ParseCpuMax("200000 100000\n"), 2u);
  EXPECT_EQ(ParseCpuMax("150000 100000\n"), 2u);
  EXPECT_EQ(ParseCpuMax("50000 100000"), 1u);
  EXPECT_EQ(ParseCpuMax("1 100000"), 1u);
}

TEST(WorkerCount, NoQuotaIsNoLimit) {
  EXPECT_EQ(ParseCpuMax("max 100000\n"), std::nullopt);
  EXPECT_EQ(ParseCfsQuota("-1\n", "100000\n"), std::nullopt);
}

TEST(WorkerCount, AnUnknownFormatIsNoLimit) {
  for (const char* text : {"", "200000", "200000 ", " 100000", "a b", "200000 0", "0 100000",
                           "200000 100000 3", "2e5 100000"}) {
    EXPECT_EQ(ParseCpuMax(text), std::nullopt) << text;
  }
}

TEST(WorkerCount, AQuotaOfAnyGroupAroundTheProcessCounts) {
  std::map<std::string, std::string> files = {
      {"/proc/self/cgroup", "0::/team/service\n"},
      {"/sys/fs/cgroup/team/cpu.max", "100000 100000\n"},
      {"/sys/fs/cgroup/team/service/cpu.max", "max 100000\n"}};
  EXPECT_EQ(AutomaticWorkerCount([&](const std::string& path) { return files[path]; }), 1u);
}

TEST(WorkerCount, ReadsTheOlderKernelsTwoFiles) {
  EXPECT_EQ(ParseCfsQuota("400000\n", "100000\n"), 4u);
  EXPECT_EQ(ParseCfsQuota("100001\n", "100000\n"), 2u);
  EXPECT_EQ(ParseCfsQuota("", ""), std::nullopt);
}

TEST(WorkerCount, FindsTheUnifiedGroupAmongTheOlderOnes) {
  EXPECT_EQ(UnifiedCgroup("0::/system.slice/mantlet.service\n"), "/system.slice/mantlet.service");
  EXPECT_EQ(UnifiedCgroup("12:cpu:/old\n1:name=systemd:/x\n0::/new\n"), "/new");
  EXPECT_EQ(UnifiedCgroup("0::/"), "/");
  EXPECT_EQ(UnifiedCgroup("12:cpu:/old\n"), "");
  EXPECT_EQ(UnifiedCgroup(""), "");
}

TEST(WorkerCount, IsNeverMoreThanTheProcessorsThisThreadMayUse) {
  uint32_t narrow = 0;
  // Runs on a separate thread with its own affinity.
  std::thread([&narrow] {
    cpu_set_t all, one;
    ASSERT_EQ(sched_getaffinity(0, sizeof(all), &all), 0);
    CPU_ZERO(&one);
    for (int i = 0; i < CPU_SETSIZE; ++i) {
      if (!CPU_ISSET(i, &all)) continue;
      CPU_SET(i, &one);
      break;
    }
    ASSERT_EQ(sched_setaffinity(0, sizeof(one), &one), 0);
    narrow = AutomaticWorkerCount();
  }).join();
  EXPECT_EQ(narrow, 1u);
  EXPECT_GE(AutomaticWorkerCount(), 1u);
}

}  // namespace
}  // namespace mantlet::server
