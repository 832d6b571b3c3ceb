#include "proxy/observe/client_expiries.h"

#include <algorithm>

namespace mantlet::observe {
namespace {

constexpr int64_t kHourSeconds = 3600;

}  // namespace

void ClientExpiries::Seen(std::string_view issuer, int64_t not_after, int64_t now) {
  const int64_t hour = now / kHourSeconds;
  const std::lock_guard lock(mutex_);
  Entry& entry = EntryOf(issuer, hour);
  entry.last_hour = hour;
  Hour& cell = entry.hours[static_cast<size_t>(hour % kHours)];
  if (cell.hour != hour) cell = {.hour = hour};
  cell.not_after = std::min(cell.not_after, not_after);
}

// Requires mutex_. A new issuer gets an empty place or that of a forgotten one.
ClientExpiries::Entry& ClientExpiries::EntryOf(std::string_view issuer, int64_t hour) {
  const auto known = std::ranges::find(entries_, issuer, &Entry::issuer);
  if (known != entries_.end()) return *known;
  if (entries_.size() < kIssuers) {
    entries_.push_back({.issuer = std::string(issuer), .hours = {}});
    return entries_.back();
  }
  const auto forgotten = std::ranges::find_if(
      entries_, [hour](const Entry& entry) { return entry.last_hour + kHours <= hour; });
  if (forgotten == entries_.end()) return others_;
  *forgotten = {.issuer = std::string(issuer), .hours = {}};
  return *forgotten;
}

void ClientExpiries::Collect(int64_t now, std::map<std::string, int64_t>* soonest) const {
  const int64_t hour = now / kHourSeconds;
  const auto collect = [&](const Entry& entry) {
    int64_t end = kNone;
    for (const Hour& cell : entry.hours) {
      if (cell.hour + kHours > hour && cell.not_after >= now) end = std::min(end, cell.not_after);
    }
    if (end == kNone) return;
    const auto [known, is_new] = soonest->emplace(entry.issuer, end);
    if (!is_new) known->second = std::min(known->second, end);
  };
  const std::lock_guard lock(mutex_);
  for (const Entry& entry : entries_) collect(entry);
  collect(others_);
}

}  // namespace mantlet::observe
