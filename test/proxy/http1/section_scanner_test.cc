#include "proxy/http1/section_scanner.h"

#include <gtest/gtest.h>

#include <cstddef>
#include <string>

namespace mantlet::http1 {
namespace {

// Checks every byte one by one.
size_t PlainPrefixByHand(std::string_view bytes) {
  size_t at = 0;
  while (at < bytes.size() && static_cast<unsigned char>(bytes[at]) >= 0x20 && bytes[at] != 0x7f) {
    ++at;
  }
  return at;
}

// The function reads many bytes at once. Every byte value at every position in and after these must
// give the same result as a simple loop.
TEST(PlainPrefixTest, EndsAtEveryControlByteWhereverItStands) {
  for (size_t size = 0; size <= 40; ++size) {
    for (size_t at = 0; at < size; ++at) {
      for (int value = 0; value < 256; ++value) {
        std::string bytes(size, 'a');
        bytes[at] = static_cast<char>(value);
        ASSERT_EQ(PlainPrefix(bytes), PlainPrefixByHand(bytes))
            << size << " " << at << " " << value;
      }
    }
  }
}

TEST(PlainPrefixTest, EndsAtTheFirstOfSeveral) {
  for (size_t first = 0; first < 33; ++first) {
    for (size_t second = first; second < 34; ++second) {
      std::string bytes(34, '\xff');
      bytes[first] = '\r';
      bytes[second] = '\x7f';
      ASSERT_EQ(PlainPrefix(bytes), first);
    }
  }
}

TEST(PlainPrefixTest, ReadsNothingBeyondTheEnd) {
  const std::string bytes = std::string(40, 'a') + "\r";
  for (size_t size = 0; size <= 40; ++size) {
    EXPECT_EQ(PlainPrefix(std::string_view(bytes).substr(0, size)), size);
  }
}

}  // namespace
}  // namespace mantlet::http1
