#include "config/loader/value_form.h"

#include <gtest/gtest.h>

#include <regex>
#include <string>

#include "config/loader/value_type.h"

namespace mantlet::config {
namespace {

TEST(DecimalPattern, MatchesTheNumbersOfItsRangeOnly) {
  const uint64_t ranges[][2] = {{0, 0},     {0, 9},      {1, 1},      {7, 7},
                                {1, 65},    {9, 10},     {17, 1203},  {99, 101},
                                {100, 999}, {256, 1048}, {1000, 2000}};
  for (const auto& [min, max] : ranges) {
    const std::regex pattern(DecimalPattern(min, max));
    for (uint64_t number = 0; number <= 2100; ++number) {
      ASSERT_EQ(std::regex_match(std::to_string(number), pattern), number >= min && number <= max)
          << number << " in " << min << " to " << max;
    }
  }
}

TEST(DecimalPattern, HasNoOverflow) {
  const std::regex pattern(DecimalPattern(1, 18446744073709551615ull));
  EXPECT_TRUE(std::regex_match("18446744073709551615", pattern));
  EXPECT_FALSE(std::regex_match("18446744073709551616", pattern));
  EXPECT_FALSE(std::regex_match("0", pattern));
}

// Compares the pattern of a type with its parser.
template <typename T>
void ExpectAgreement(const ValueType<T>& type, const std::vector<std::string>& texts) {
  for (const std::string& text : texts) {
    T value{};
    const bool parsed = !type.parse({text, true, "/etc"}, value).has_value();
    bool matched = false;
    for (const ValueForm& form : type.forms) {
      matched =
          matched || (form.kind == ValueForm::Kind::kWord && form.text == text) ||
          (form.kind == ValueForm::Kind::kPattern && std::regex_match(text, std::regex(form.text)));
    }
    EXPECT_EQ(matched, parsed) << type.name << ": " << text;
  }
}

TEST(Forms, AgreeWithTheParsersAboutTexts) {
  const std::vector<std::string> durations = {
      "0",   "0s",  "1ms", "1s", "007s", "10m", "601s", "600s", "600000ms", "600001ms", "11m", "1h",
      "24h", "25h", "1",   "s",  "-1s",  "1S",  "1h1m", "",     "auto",     "off",      "5 s"};
  ExpectAgreement(Duration(Milliseconds(1), std::chrono::minutes(10)), durations);
  ExpectAgreement(Duration(std::chrono::seconds(1), std::chrono::hours(24), "none"), durations);
  ExpectAgreement(AutoDuration(Milliseconds(1), std::chrono::minutes(10)), durations);
  const std::vector<std::string> sizes = {"0",    "0KiB", "1",    "1024",    "1023",    "1KiB",
                                          "1MiB", "2MiB", "1GiB", "1048576", "1048577", "1kib",
                                          "KiB",  "",     "auto", "off",     "1024KiB", "1025KiB"};
  ExpectAgreement(Size(1024, 1024 * 1024), sizes);
  ExpectAgreement(SizeOrZero(1, 1024 * 1024, "none"), sizes);
  ExpectAgreement(MemorySize(1024, 1024 * 1024), sizes);
  ExpectAgreement(FileMode(), {"0660", "660", "0888", "1660", "66", "06600", "rw", ""});
}

TEST(Forms, AgreeWithTheParsersAboutAddresses) {
  const std::vector<std::string> addresses = {"127.0.0.1:80",
                                              "127.0.0.256:80",
                                              "1.2.3:80",
                                              "localhost:80",
                                              "a.b-c_d.e:80",
                                              "-a:80",
                                              "a..b:80",
                                              "a.:80",
                                              "123:80",
                                              "a:0",
                                              "a:65535",
                                              "a:65536",
                                              "a:080",
                                              "a:",
                                              "a",
                                              ":80",
                                              "*:80",
                                              "[::1]:80",
                                              "[::1]",
                                              "[fe80::1%eth0]:80",
                                              "::1:80",
                                              "[::g]:80",
                                              "unix:/run/a",
                                              "unix:a/b",
                                              "unix:",
                                              "unix:@a",
                                              "systemd:web",
                                              "systemd:",
                                              "systemd:a b",
                                              "systemd:a:b",
                                              "http://a:80",
                                              "/run/a",
                                              "unix:/" + std::string(106, 'x'),
                                              "unix:/" + std::string(107, 'x')};
  ExpectAgreement(AddressOf({.systemd = true, .any_port = true}, ""), addresses);
  ExpectAgreement(AddressOf({}, ""), addresses);
}

}  // namespace
}  // namespace mantlet::config
