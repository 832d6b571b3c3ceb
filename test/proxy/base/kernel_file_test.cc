#include "proxy/base/kernel_file.h"

#include <unistd.h>

#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace mantlet::base {
namespace {

using testing::IsEmpty;
using testing::StartsWith;

TEST(KernelFileTest, AFileIsReadToItsEnd) {
  EXPECT_THAT(ReadKernelFile("/proc/self/stat"), StartsWith(std::to_string(getpid()) + " ("));
  EXPECT_GT(ReadKernelFile("/proc/self/smaps").size(), 4096u);
}

TEST(KernelFileTest, AFileThatIsMissingIsEmpty) {
  EXPECT_THAT(ReadKernelFile("/proc/self/nothing"), IsEmpty());
}

// Address 0 of a process is not mapped: read(2) fails with EIO.
TEST(KernelFileTest, AFileThatCannotBeReadIsEmptyAndThrowsNothing) {
  ASSERT_EQ(access("/proc/self/mem", R_OK), 0);
  EXPECT_THAT(ReadKernelFile("/proc/self/mem"), IsEmpty());
}

}  // namespace
}  // namespace mantlet::base
