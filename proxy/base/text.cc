#include "proxy/base/text.h"

#include <algorithm>
#include <charconv>
#include <chrono>

namespace mantlet::base {
namespace {

// 0000-01-01T00:00:00Z and 9999-12-31T23:59:59Z.
constexpr int64_t kFirstSecond = -62'167'219'200;
constexpr int64_t kLastSecond = 253'402'300'799;

void AppendDigits(unsigned value, int width, std::string* out) {
  char digits[8];
  for (int i = width; i-- > 0; value /= 10) digits[i] = static_cast<char>('0' + value % 10);
  out->append(digits, static_cast<size_t>(width));
}

// Appends the date and the time up to the seconds.
void AppendDateTime(int64_t unix_seconds, std::string* out) {
  using std::chrono::days;
  using std::chrono::floor;
  using std::chrono::seconds;
  const std::chrono::sys_seconds time{seconds(std::clamp(unix_seconds, kFirstSecond, kLastSecond))};
  const auto day = floor<days>(time);
  const std::chrono::year_month_day date(day);
  const std::chrono::hh_mm_ss clock(time - day);
  AppendDigits(static_cast<unsigned>(static_cast<int>(date.year())), 4, out);
  out->push_back('-');
  AppendDigits(static_cast<unsigned>(date.month()), 2, out);
  out->push_back('-');
  AppendDigits(static_cast<unsigned>(date.day()), 2, out);
  out->push_back('T');
  AppendDigits(static_cast<unsigned>(clock.hours().count()), 2, out);
  out->push_back(':');
  AppendDigits(static_cast<unsigned>(clock.minutes().count()), 2, out);
  out->push_back(':');
  AppendDigits(static_cast<unsigned>(clock.seconds().count()), 2, out);
}

template <typename Integer>
void AppendInteger(Integer value, std::string* out) {
  char digits[24];
  const auto result = std::to_chars(digits, digits + sizeof digits, value);
  out->append(digits, static_cast<size_t>(result.ptr - digits));
}

}  // namespace

std::string Rfc3339Seconds(int64_t unix_seconds) {
  std::string text;
  AppendDateTime(unix_seconds, &text);
  text.push_back('Z');
  return text;
}

void AppendRfc3339Ms(int64_t unix_ms, std::string* out) {
  int64_t seconds = unix_ms / 1000;
  int64_t milliseconds = unix_ms % 1000;
  if (milliseconds < 0) {  // before 1970: the fraction still counts forward
    milliseconds += 1000;
    --seconds;
  }
  AppendDateTime(seconds, out);
  out->push_back('.');
  AppendDigits(static_cast<unsigned>(milliseconds), 3, out);
  out->push_back('Z');
}

std::string DurationText(int64_t milliseconds) {
  if (milliseconds == 0) return "0s";
  std::string text;
  uint64_t rest = static_cast<uint64_t>(milliseconds);
  if (milliseconds < 0) {
    text.push_back('-');
    rest = 0 - rest;
  }
  struct Unit {
    uint64_t milliseconds;
    std::string_view name;
  };
  static constexpr Unit kUnits[] = {{3'600'000, "h"}, {60'000, "m"}, {1000, "s"}, {1, "ms"}};
  for (const Unit& unit : kUnits) {
    if (rest < unit.milliseconds) continue;
    AppendInteger(rest / unit.milliseconds, &text);
    text.append(unit.name);
    rest %= unit.milliseconds;
  }
  return text;
}

void AppendMicrosAsMs(int64_t microseconds, std::string* out) {
  const int64_t us = std::max<int64_t>(microseconds, 0);
  AppendInteger(us / 1000, out);
  out->push_back('.');
  AppendDigits(static_cast<unsigned>(us % 1000), 3, out);
}

void AppendDecimal(int64_t value, std::string* out) { AppendInteger(value, out); }
void AppendDecimal(uint64_t value, std::string* out) { AppendInteger(value, out); }

}  // namespace mantlet::base
