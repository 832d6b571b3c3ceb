#include "proxy/observe/client_expiries.h"

#include <algorithm>

namespace mantlet::observe {
namespace {

constexpr int64_t kHourSeconds = 3600;

}  // namespace

ClientExpiries::~ClientExpiries() {
  for (std::atomic<Entry*>& entry : entries_) delete entry.load(std::memory_order_relaxed);
}

void ClientExpiries::Seen(std::string_view issuer, int64_t not_after, int64_t now) {
  const int64_t hour = now / kHourSeconds;
  Entry& entry = EntryOf(issuer, hour);
  entry.last_hour = hour;
  Hour& cell = entry.hours[static_cast<size_t>(hour % kHours)];
  if (cell.hour.load(std::memory_order_relaxed) != hour) {
    // A scrape that sees the new hour must not see the end that another one had.
    cell.not_after.store(kNone, std::memory_order_relaxed);
    cell.hour.store(hour, std::memory_order_release);
  }
  if (not_after < cell.not_after.load(std::memory_order_relaxed)) {
    cell.not_after.store(not_after, std::memory_order_release);
  }
}

ClientExpiries::Entry& ClientExpiries::EntryOf(std::string_view issuer, int64_t hour) {
  for (size_t i = 0; i < kIssuers; ++i) {
    Entry* entry = entries_[i].load(std::memory_order_relaxed);
    if (entry != nullptr && entry->issuer == issuer) return *entry;
  }
  std::atomic<Entry*>* slot = SlotFor(hour);
  if (slot == nullptr) {
    slot = &entries_.back();
    issuer = kOthers;
    if (Entry* others = slot->load(std::memory_order_relaxed)) return *others;
  }
  auto entry = std::make_unique<Entry>();
  entry->issuer = issuer;
  Entry& result = *entry;
  Entry* before = slot->exchange(entry.release(), std::memory_order_acq_rel);
  // No scrape takes an hour.
  std::erase_if(retired_, [&](const Retired& retired) { return retired.hour + 1 < hour; });
  if (before != nullptr) retired_.push_back({std::unique_ptr<Entry>(before), hour});
  return result;
}

// Returns an empty place or that of a forgotten issuer; null if there is none.
std::atomic<ClientExpiries::Entry*>* ClientExpiries::SlotFor(int64_t hour) {
  for (size_t i = 0; i < kIssuers; ++i) {
    const Entry* entry = entries_[i].load(std::memory_order_relaxed);
    if (entry == nullptr || entry->last_hour + kHours <= hour) return &entries_[i];
  }
  return nullptr;
}

void ClientExpiries::Collect(int64_t now, std::map<std::string, int64_t>* soonest) const {
  const int64_t hour = now / kHourSeconds;
  for (const std::atomic<Entry*>& slot : entries_) {
    const Entry* entry = slot.load(std::memory_order_acquire);
    if (entry == nullptr) continue;
    int64_t end = kNone;
    for (const Hour& cell : entry->hours) {
      // In this order: an end is never taken for one of a later hour.
      const int64_t seen = cell.hour.load(std::memory_order_acquire);
      const int64_t not_after = cell.not_after.load(std::memory_order_acquire);
      if (seen + kHours > hour && not_after >= now) end = std::min(end, not_after);
    }
    if (end == kNone) continue;
    const auto [known, is_new] = soonest->emplace(entry->issuer, end);
    if (!is_new) known->second = std::min(known->second, end);
  }
}

}  // namespace mantlet::observe
