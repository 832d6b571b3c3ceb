#include "proxy/x509/serial_set.h"

#include <gtest/gtest.h>

#include <random>
#include <set>
#include <string>

namespace mantlet::x509 {
namespace {

TEST(SerialSet, HoldsWhatWasAddedAndNothingElse) {
  std::mt19937 random(1);
  std::set<std::string> all;
  SerialSet set;
  for (int i = 0; i < 50'000; ++i) {
    // Few values with long common prefixes, so that every branch of the sort runs.
    std::string serial(1 + random() % 6, '\x07');
    for (size_t at = serial.size() / 2; at < serial.size(); ++at) {
      serial[at] = static_cast<char>(random() % (i % 2 == 0 ? 3 : 256));
    }
    all.insert(serial);
    ASSERT_TRUE(set.Add(serial));
  }
  set.Freeze();
  EXPECT_EQ(set.size(), 50'000u);
  for (const std::string& serial : all) EXPECT_TRUE(set.Contains(serial));
  for (int i = 0; i < 50'000; ++i) {
    std::string serial(1 + random() % 7, '\0');
    for (char& c : serial) c = static_cast<char>(random() % 8);
    EXPECT_EQ(set.Contains(serial), all.contains(serial));
  }
}

TEST(SerialSet, TakesSerialNumbersThatAreAllTheSame) {
  SerialSet set;
  for (int i = 0; i < 1000; ++i) ASSERT_TRUE(set.Add("same"));
  set.Freeze();
  EXPECT_TRUE(set.Contains("same"));
  EXPECT_FALSE(set.Contains("sane"));
}

TEST(SerialSet, RejectsEmptyAndTooLongNumbers) {
  SerialSet set;
  EXPECT_FALSE(set.Add(""));
  EXPECT_FALSE(set.Add(std::string(SerialSet::kMaxBytes + 1, 'x')));
  EXPECT_TRUE(set.Add(std::string(SerialSet::kMaxBytes, 'x')));
  set.Freeze();
  EXPECT_FALSE(set.Contains(""));
  EXPECT_FALSE(set.Contains(std::string(SerialSet::kMaxBytes + 1, 'x')));
  EXPECT_TRUE(set.Contains(std::string(SerialSet::kMaxBytes, 'x')));
}

TEST(SerialSet, TakesNoMoreMemoryThanItsSerialNumbersDo) {
  SerialSet set;
  for (uint32_t i = 0; i < 100'000; ++i) {
    std::string serial(20, 'x');
    serial.replace(0, 4, reinterpret_cast<const char*>(&i), 4);
    ASSERT_TRUE(set.Add(serial));
  }
  set.Freeze();
  EXPECT_EQ(set.bytes(), 100'000u * 20);
}

}  // namespace
}  // namespace mantlet::x509
