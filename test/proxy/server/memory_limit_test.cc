#include "proxy/server/memory_limit.h"

#include <map>
#include <string>

#include "gtest/gtest.h"

namespace mantlet::server {
namespace {

constexpr char kMeminfo[] = "MemTotal:        8388608 kB\nMemFree:          100 kB\n";
constexpr uint64_t kMiB = 1024 * 1024;

uint64_t LimitOf(std::map<std::string, std::string> files) {
  files.emplace("/proc/meminfo", kMeminfo);
  return AutomaticMemoryLimit([&](const std::string& path) { return files[path]; });
}

TEST(MemoryLimitTest, IsThreeQuartersOfTheMachineWithoutACgroupLimit) {
  EXPECT_EQ(LimitOf({}), 6144 * kMiB);
  EXPECT_EQ(LimitOf({{"/sys/fs/cgroup/memory.max", "max\n"}}), 6144 * kMiB);
  EXPECT_EQ(LimitOf({{"/sys/fs/cgroup/memory/memory.limit_in_bytes", "9223372036854771712\n"}}),
            6144 * kMiB);
}

TEST(MemoryLimitTest, TheSmallestLimitOfTheHierarchyCounts) {
  EXPECT_EQ(LimitOf({{"/sys/fs/cgroup/memory.max", "67108864\n"}}), 48 * kMiB);
  EXPECT_EQ(LimitOf({{"/proc/self/cgroup", "0::/system.slice/mantlet.service\n"},
                     {"/sys/fs/cgroup/system.slice/memory.max", "134217728\n"},
                     {"/sys/fs/cgroup/system.slice/mantlet.service/memory.max", "max\n"}}),
            96 * kMiB);
  EXPECT_EQ(LimitOf({{"/sys/fs/cgroup/memory/memory.limit_in_bytes", "268435456\n"}}), 192 * kMiB);
}

TEST(MemoryLimitTest, NothingIsKnownWithoutAnyOfTheFiles) {
  EXPECT_EQ(AutomaticMemoryLimit([](const std::string&) { return std::string(); }), 0u);
  EXPECT_EQ(AutomaticMemoryLimit([](const std::string&) { return std::string("garbage"); }), 0u);
}

TEST(MemoryLimitTest, ParsesWhatTheKernelWrites) {
  EXPECT_EQ(ParseMemoryMax("1073741824\n"), 1024 * kMiB);
  EXPECT_EQ(ParseMemoryMax("0\n"), std::nullopt);
  EXPECT_EQ(ParseMemTotal("MemTotal: 4 kB\n"), 4096u);
  EXPECT_EQ(ParseMemTotal("MemTotal:\n"), std::nullopt);
  EXPECT_EQ(ParseMemTotal(""), std::nullopt);
}

}  // namespace
}  // namespace mantlet::server
