#include "certs/reloader.h"

#include <algorithm>

#include "absl/strings/str_cat.h"

namespace mantlet::certs {
namespace {

bool Due(const std::optional<int64_t>& at, int64_t now_ms) {
  return at.has_value() && *at <= now_ms;
}

}  // namespace

Reloader::Reloader(const Options& options, int64_t now_ms) : options_(options) {
  ScheduleSlowLook(now_ms);
}

void Reloader::ScheduleSlowLook(int64_t now_ms) {
  slow_look_at_.reset();
  if (options_.interval_ms > 0) slow_look_at_ = now_ms + options_.interval_ms;
}

void Reloader::FilesEvent(int64_t now_ms) {
  if (!settle_first_.has_value()) settle_first_ = now_ms;
  settle_at_ = std::min(now_ms + options_.settle_ms, *settle_first_ + options_.settle_max_ms);
}

void Reloader::Requested(int64_t now_ms) { load_at_ = now_ms; }

void Reloader::SetInterval(int64_t interval_ms, int64_t now_ms) {
  if (interval_ms == options_.interval_ms) return;
  options_.interval_ms = interval_ms;
  ScheduleSlowLook(now_ms);
}

Reloader::Action Reloader::Next(int64_t now_ms) {
  if (Due(load_at_, now_ms) || Due(retry_at_, now_ms)) {
    // A load sees everything a look would.
    load_at_.reset();
    retry_at_.reset();
    settle_first_.reset();
    settle_at_.reset();
    ScheduleSlowLook(now_ms);
    return Action::kLoad;
  }
  if (Due(settle_at_, now_ms) || Due(slow_look_at_, now_ms)) {
    settle_first_.reset();
    settle_at_.reset();
    ScheduleSlowLook(now_ms);
    return Action::kLook;
  }
  return Action::kNothing;
}

void Reloader::Looked(bool changed, int64_t now_ms) {
  if (!changed) return;
  pending_ = true;
  // What made the last load fail may be gone: start waiting from the beginning.
  retry_ms_ = 0;
  load_at_ = now_ms;
}

std::optional<std::string> Reloader::Loaded(Outcome outcome, const std::string& error,
                                            int64_t now_ms) {
  if (outcome == Outcome::kFailed) return Failed(error, now_ms);
  const bool had_failed = !last_error_.empty();
  pending_ = false;
  last_error_.clear();
  retry_ms_ = 0;
  retry_at_.reset();
  if (outcome == Outcome::kSwapped) {
    ++counters_.success;
    return "reloaded";
  }
  ++counters_.unchanged;
  if (had_failed) return "the files are what is in use again";
  return std::nullopt;
}

std::optional<std::string> Reloader::Failed(const std::string& error, int64_t now_ms) {
  ++counters_.failure;
  pending_ = true;
  retry_ms_ = retry_ms_ == 0 ? options_.retry_first_ms : retry_ms_ * 2;
  retry_ms_ = std::min(retry_ms_, options_.retry_max_ms);
  retry_at_ = now_ms + retry_ms_;
  if (error == last_error_) return std::nullopt;
  last_error_ = error;
  return absl::StrCat("not reloaded, what was in use stays in use; awaiting: ", error);
}

std::optional<int64_t> Reloader::NextWakeup() const {
  std::optional<int64_t> next;
  for (const std::optional<int64_t>& at : {load_at_, retry_at_, settle_at_, slow_look_at_}) {
    if (at.has_value() && (!next.has_value() || *at < *next)) next = at;
  }
  return next;
}

}  // namespace mantlet::certs
