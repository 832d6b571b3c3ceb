// The checks at run time that the options of the released build add (.bazelrc). Other builds lack
// them.

#include <gtest/gtest.h>

#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <vector>

namespace mantlet {
namespace {

#ifdef NDEBUG  // --config=opt
constexpr bool kIsRelease = true;
#else
constexpr bool kIsRelease = false;
#endif

// A value that the compiler does not know.
size_t Unknown(size_t value) {
  volatile size_t hidden = value;
  return hidden;
}

TEST(HardeningDeathTest, AnIndexBehindTheEndOfAVectorEndsTheProcess) {
  if (!kIsRelease) GTEST_SKIP() << "only the released build checks this";
  std::vector<int> numbers(3);
  EXPECT_EQ(0, numbers[Unknown(2)]);
  EXPECT_DEATH(numbers[Unknown(3)] = 1, "__n < this->size");
}

// _FORTIFY_SOURCE=2 knows only sizes that are constant.
TEST(HardeningDeathTest, ACopyBehindTheEndOfABufferOfVariableSizeEndsTheProcess) {
  if (!kIsRelease) GTEST_SKIP() << "only the released build checks this";
  const size_t size = Unknown(16);
  const std::vector<char> from(64, 'x');
  char* to = static_cast<char*>(std::malloc(size));
  ASSERT_NE(nullptr, to);
  memcpy(to, from.data(), Unknown(16));
  EXPECT_EQ('x', to[Unknown(15)]);
  EXPECT_DEATH(memcpy(to, from.data(), Unknown(17)), "buffer overflow detected");
  std::free(to);
}

}  // namespace
}  // namespace mantlet
