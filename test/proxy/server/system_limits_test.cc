#include "proxy/server/system_limits.h"

#include <map>
#include <string>

#include "gtest/gtest.h"

namespace mantlet::server {
namespace {

using Files = std::map<std::string, std::string>;

SystemLimits LimitsOf(Files files) {
  return ReadSystemLimits([&](const std::string& path) { return files[path]; });
}

std::string Warnings(const SystemLimits& limits, uint32_t workers = 2) {
  base::CapturedLog log;
  base::Logger logger(base::LogFormat::kJson, base::LogLevel::kDebug, log.sink());
  WarnSmallLimits(limits, workers, logger);
  return log.text();
}

TEST(SystemLimitsTest, TheSmallestRestOfThreadsInTheHierarchyCounts) {
  const Files files = {
      {"/proc/sys/net/core/somaxconn", "128\n"},      {"/proc/self/cgroup", "0::/pods/one\n"},
      {"/sys/fs/cgroup/pids.max", "max\n"},           {"/sys/fs/cgroup/pods/pids.max", "100\n"},
      {"/sys/fs/cgroup/pods/pids.current", "95\n"},   {"/sys/fs/cgroup/pods/one/pids.max", "50\n"},
      {"/sys/fs/cgroup/pods/one/pids.current", "1\n"}};
  EXPECT_EQ(LimitsOf(files).threads_left, 5u);
  EXPECT_EQ(LimitsOf(files).listen_queue, 128u);
}

TEST(SystemLimitsTest, AFullGroupHasNoThreadLeft) {
  EXPECT_EQ(LimitsOf({{"/sys/fs/cgroup/pids.max", "5"}, {"/sys/fs/cgroup/pids.current", "7"}})
                .threads_left,
            0u);
}

TEST(SystemLimitsTest, NoFilesMeanNoLimitAndNoWarning) {
  EXPECT_EQ(LimitsOf({}).threads_left, std::nullopt);
  EXPECT_EQ(LimitsOf({}).listen_queue, std::nullopt);
  EXPECT_EQ(Warnings({}), "");
}

TEST(SystemLimitsTest, OnlyWhatIsTooSmallIsWarnedOf) {
  EXPECT_EQ(Warnings({.listen_queue = 4096, .threads_left = 18}), "");
  const std::string text = Warnings({.listen_queue = 128, .threads_left = 17});
  EXPECT_NE(text.find("listen_queue_short"), std::string::npos) << text;
  EXPECT_NE(text.find("\"threads_wanted\":18"), std::string::npos) << text;
  EXPECT_NE(Warnings({.listen_queue = {}, .threads_left = 18}, 3), "");
}

}  // namespace
}  // namespace mantlet::server
