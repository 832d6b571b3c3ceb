#include "proxy/base/exhaustion.h"

#include <cstdint>
#include <cstdlib>
#include <new>

#include "gtest/gtest.h"

namespace mantlet::base {
namespace {

// More than any machine has, and not a constant: the compiler refuses that.
size_t TooMuch() {
  volatile size_t size = SIZE_MAX / 4;
  return size;
}

TEST(ExhaustionTest, MemoryThatThereIsIsGiven) {
  void* block = MallocOrEnd(10);
  ASSERT_NE(block, nullptr);
  block = ReallocOrEnd(block, 100);
  ASSERT_NE(block, nullptr);
  std::free(block);
  char* const zeroes = static_cast<char*>(CallocOrEnd(10, 10));
  ASSERT_NE(zeroes, nullptr);
  EXPECT_EQ(zeroes[99], 0);
  std::free(zeroes);
}

class ExhaustionDeathTest : public testing::Test {
 protected:
  void SetUp() override {
    // A sanitizer would report the size instead of returning a null pointer.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
    GTEST_SKIP() << "a sanitizer ends the process itself";
#endif
  }
  static constexpr char kSentence[] = "^mantlet: out of memory; give it more [^\n]*\n$";
};

TEST_F(ExhaustionDeathTest, ALackOfMemoryEndsTheProcessWithOneSentence) {
  EXPECT_EXIT(MallocOrEnd(TooMuch()), testing::ExitedWithCode(1), kSentence);
  EXPECT_EXIT(CallocOrEnd(TooMuch(), 2), testing::ExitedWithCode(1), kSentence);
  EXPECT_EXIT(ReallocOrEnd(nullptr, TooMuch()), testing::ExitedWithCode(1), kSentence);
}

TEST_F(ExhaustionDeathTest, OperatorNewDoesNotThrow) {
  EXPECT_EXIT(
      {
        std::set_new_handler(EndOutOfMemory);
        static_cast<void>(::operator new(TooMuch()));
      },
      testing::ExitedWithCode(1), kSentence);
}

TEST_F(ExhaustionDeathTest, TheProblemAndTheAdviceAreOneLine) {
  EXPECT_EXIT(EndExhausted("no descriptors", "raise the limit"), testing::ExitedWithCode(1),
              "^mantlet: no descriptors; raise the limit\n$");
}

}  // namespace
}  // namespace mantlet::base
