#include "certs/time_text.h"

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"

namespace mantlet::certs {
namespace {

constexpr int64_t kMinute = 60, kHour = 60 * kMinute, kDay = 24 * kHour, kYear = 365 * kDay;

std::string Count(int64_t number, const char* unit) {
  return absl::StrCat(number, " ", unit, number == 1 ? "" : "s");
}

std::string Span(int64_t seconds) {
  if (seconds >= 3 * kYear) return Count(seconds / kYear, "year");
  if (seconds >= kDay) return Count(seconds / kDay, "day");
  if (seconds >= kHour) return Count(seconds / kHour, "hour");
  if (seconds >= kMinute) return Count(seconds / kMinute, "minute");
  return Count(seconds, "second");
}

}  // namespace

std::string RelativeTime(int64_t when, int64_t now) {
  if (when == now) return "now";
  if (when > now) return absl::StrCat("in ", Span(when - now));
  return absl::StrCat(Span(now - when), " ago");
}

std::string DateTime(int64_t when) {
  return absl::FormatTime("%Y-%m-%d %H:%M:%S UTC", absl::FromUnixSeconds(when),
                          absl::UTCTimeZone());
}

}  // namespace mantlet::certs
