#include "proxy/server/reload_schedule.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"

namespace mantlet::server {
namespace {

bool Due(const std::optional<int64_t>& at, int64_t now_ms) {
  return at.has_value() && *at <= now_ms;
}

}  // namespace

ReloadSchedule::ReloadSchedule(const Options& options, int64_t now_ms) : options_(options) {
  SchedulePeriodicPoll(now_ms);
}

void ReloadSchedule::SchedulePeriodicPoll(int64_t now_ms) {
  periodic_poll_at_.reset();
  if (options_.interval_ms > 0) periodic_poll_at_ = now_ms + options_.interval_ms;
}

void ReloadSchedule::OnFileEvent(int64_t now_ms) {
  if (!settle_first_.has_value()) settle_first_ = now_ms;
  settle_at_ = std::min(now_ms + options_.settle_ms, *settle_first_ + options_.settle_max_ms);
}

void ReloadSchedule::OnRequested(int64_t now_ms, bool by_signal) {
  load_at_ = now_ms;
  by_signal_ = by_signal_ || by_signal;
}

void ReloadSchedule::SetInterval(int64_t interval_ms, int64_t now_ms) {
  if (interval_ms == options_.interval_ms) return;
  options_.interval_ms = interval_ms;
  SchedulePeriodicPoll(now_ms);
}

ReloadSchedule::Action ReloadSchedule::Next(int64_t now_ms) {
  if (in_progress_) return Action::kNothing;
  if (Due(load_at_, now_ms) || Due(retry_at_, now_ms)) {
    // A load includes everything that a poll does.
    load_at_.reset();
    retry_at_.reset();
    settle_first_.reset();
    settle_at_.reset();
    SchedulePeriodicPoll(now_ms);
    in_progress_ = true;
    in_progress_by_signal_ = std::exchange(by_signal_, false);
    return Action::kLoad;
  }
  if (Due(settle_at_, now_ms) || Due(periodic_poll_at_, now_ms)) {
    settle_first_.reset();
    settle_at_.reset();
    SchedulePeriodicPoll(now_ms);
    in_progress_ = true;
    return Action::kPoll;
  }
  return Action::kNothing;
}

void ReloadSchedule::OnPolled(bool changed, int64_t now_ms) {
  in_progress_ = false;
  if (!changed) return;
  pending_ = true;
  // The cause of the last failure may be gone, so the retry delay starts again.
  retry_ms_ = 0;
  load_at_ = now_ms;
}

std::vector<ReloadSchedule::Report> ReloadSchedule::OnLoaded(const std::vector<Problem>& problems,
                                                             int64_t now_ms) {
  in_progress_ = false;
  const bool by_signal = std::exchange(in_progress_by_signal_, false);
  problems_ = problems;
  pending_ = !problems.empty();
  if (problems.empty()) {
    reported_.clear();
    retry_ms_ = 0;
    retry_at_.reset();
    return {};
  }
  retry_ms_ = retry_ms_ == 0 ? options_.retry_first_ms : retry_ms_ * 2;
  retry_ms_ = std::min(retry_ms_, options_.retry_max_ms);
  retry_at_ = now_ms + retry_ms_;
  return NewReports(by_signal, now_ms);
}

ReloadSchedule::Level ReloadSchedule::LevelOf(const Problem& problem, int64_t since_ms,
                                              int64_t now_ms) const {
  if (!problem.may_pass || now_ms - since_ms >= options_.error_after_ms) return Level::kError;
  return now_ms - since_ms >= options_.warn_after_ms ? Level::kWarning : Level::kInfo;
}

std::vector<ReloadSchedule::Report> ReloadSchedule::NewReports(bool by_signal, int64_t now_ms) {
  std::vector<Report> reports;
  std::map<std::string, Reported> before = std::exchange(reported_, {});
  for (const Problem& problem : problems_) {
    auto known = before.find(problem.listener);
    const bool is_new = known == before.end();
    Reported& reported = reported_[problem.listener];
    reported = {is_new ? now_ms : known->second.since_ms, Level::kInfo, problem.reason};
    reported.level = LevelOf(problem, reported.since_ms, now_ms);
    if (by_signal || is_new || known->second.reason != reported.reason ||
        known->second.level < reported.level) {
      reports.push_back({reported.level, problem});
    }
  }
  return reports;
}

std::string ReloadSchedule::last_error() const {
  std::string text;
  for (const Problem& problem : problems_) {
    absl::StrAppend(&text, text.empty() ? "" : " | ",
                    problem.listener.empty()
                        ? ""
                        : absl::StrCat("listener '", problem.listener, "' keeps its old files: "),
                    problem.reason);
  }
  return text;
}

std::optional<int64_t> ReloadSchedule::NextWakeup() const {
  if (in_progress_) return std::nullopt;
  std::optional<int64_t> next;
  for (const std::optional<int64_t>& at : {load_at_, retry_at_, settle_at_, periodic_poll_at_}) {
    if (at.has_value() && (!next.has_value() || *at < *next)) next = at;
  }
  return next;
}

}  // namespace mantlet::server
