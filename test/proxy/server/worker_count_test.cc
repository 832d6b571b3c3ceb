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

TEST(WorkerCount, AQuotaMayBeAFractionOfAProcessor) {
  EXPECT_EQ(ParseCpuMax("200000 100000\n"), 2);
  EXPECT_EQ(ParseCpuMax("150000 100000\n"), 1.5);
  EXPECT_EQ(ParseCpuMax("50000 100000"), 0.5);
}

TEST(WorkerCount, RoundsAQuotaUpToWholeProcessors) {
  const auto with = [](const char* quota) {
    return [quota](const std::string& path) -> std::string {
      if (path == "/proc/self/cgroup") return "0::/a\n";
      return path == "/sys/fs/cgroup/a/cpu.max" ? quota : "";
    };
  };
  EXPECT_EQ(AutomaticWorkerCount(with("1 100000")), 1u);
  EXPECT_EQ(AvailableProcessors(with("5000 100000")), 0.05);
  EXPECT_EQ(AvailableProcessors(with("100000 100000")), 1);
  if (AvailableProcessors() >= 2) {
    EXPECT_EQ(AutomaticWorkerCount(with("150000 100000")), 2u);
    EXPECT_EQ(AutomaticWorkerCount(with("100000 100000")), 1u);
  }
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
  EXPECT_EQ(ParseCfsQuota("400000\n", "100000\n"), 4);
  EXPECT_EQ(ParseCfsQuota("150000\n", "100000\n"), 1.5);
  EXPECT_EQ(ParseCfsQuota("", ""), std::nullopt);
}

TEST(WorkerCount, FindsTheUnifiedGroupAmongTheOlderOnes) {
  EXPECT_EQ(UnifiedCgroup("0::/system.slice/mantlet.service\n"), "/system.slice/mantlet.service");
  EXPECT_EQ(UnifiedCgroup("12:cpu:/old\n1:name=systemd:/x\n0::/new\n"), "/new");
  EXPECT_EQ(UnifiedCgroup("0::/"), "/");
  EXPECT_EQ(UnifiedCgroup("12:cpu:/old\n"), "");
  EXPECT_EQ(UnifiedCgroup(""), "");
}

TEST(WorkerCount, FindsTheOlderGroupOfAController) {
  EXPECT_EQ(LegacyCgroup("12:cpu,cpuacct:/old\n1:name=systemd:/x\n0::/new\n", "cpu"), "/old");
  EXPECT_EQ(LegacyCgroup("12:cpuset:/old\n0::/new\n", "cpu"), "");
  EXPECT_EQ(LegacyCgroup("12:cpu:/a:b\n", "cpu"), "/a:b");
  std::map<std::string, std::string> files = {
      {"/proc/self/cgroup", "3:cpu:/team/service\n0::/\n"},
      {"/sys/fs/cgroup/cpu/team/cpu.cfs_quota_us", "20000\n"},
      {"/sys/fs/cgroup/cpu/team/cpu.cfs_period_us", "100000\n"}};
  EXPECT_EQ(AvailableProcessors([&](const std::string& path) { return files[path]; }), 0.2);
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
