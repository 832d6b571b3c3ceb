#include "proxy/server/key_memory_warning.h"

#include <string>

#include "gtest/gtest.h"

namespace mantlet::server {
namespace {

constexpr char kTitles[] = "Filename\t\t\t\tType\t\tSize\n";
constexpr base::KeyMemoryUse kLocked = {.block_bytes = 100, .mapped_bytes = 65536};
constexpr base::KeyMemoryUse kUnlocked = {
    .block_bytes = 100, .mapped_bytes = 65536, .unlocked_bytes = 65536, .lock_error = 12};

class KeyMemoryWarningTest : public testing::Test {
 protected:
  static KeyMemoryWarning With(const std::string& swaps) {
    return KeyMemoryWarning(
        [swaps](const std::string& path) { return path == "/proc/swaps" ? swaps : std::string(); });
  }

  base::CapturedLog log_;
  base::Logger logger_{base::LogFormat::kJson, base::LogLevel::kDebug, log_.sink()};
};

TEST_F(KeyMemoryWarningTest, LockedMemoryIsNotMentioned) {
  With(kTitles).Check(kLocked, logger_);
  EXPECT_EQ(log_.text(), "");
}

TEST_F(KeyMemoryWarningTest, MemoryThatIsNotLockedIsLoggedOnceWithTheReason) {
  KeyMemoryWarning warning = With(std::string(kTitles) + "/dev/sda2 partition 1000 0 -2\n");
  warning.Check(kLocked, logger_);
  warning.Check(kUnlocked, logger_);
  warning.Check(kUnlocked, logger_);
  ASSERT_EQ(log_.lines().size(), 1u);
  EXPECT_NE(log_.text().find("memory_not_locked"), std::string::npos) << log_.text();
  EXPECT_NE(log_.text().find("\"level\":\"warn\""), std::string::npos) << log_.text();
  EXPECT_NE(log_.text().find("\"unlocked_bytes\":65536"), std::string::npos) << log_.text();
  EXPECT_NE(log_.text().find("Cannot allocate memory"), std::string::npos) << log_.text();
}

TEST_F(KeyMemoryWarningTest, WithoutSwapItIsNoWarning) {
  With(kTitles).Check(kUnlocked, logger_);
  EXPECT_NE(log_.text().find("\"level\":\"info\""), std::string::npos) << log_.text();
}

TEST_F(KeyMemoryWarningTest, IfSwapIsUnknownItIsAWarning) {
  With("").Check(kUnlocked, logger_);
  EXPECT_NE(log_.text().find("\"level\":\"warn\""), std::string::npos) << log_.text();
}

TEST_F(KeyMemoryWarningTest, AKeyOnTheHeapIsLoggedEvenIfTheRestIsLocked) {
  base::KeyMemoryUse use = kLocked;
  use.refused = true;
  With(kTitles).Check(use, logger_);
  EXPECT_NE(log_.text().find("memory_not_locked"), std::string::npos);
}

}  // namespace
}  // namespace mantlet::server
