#include "proxy/server/reload_controller.h"

#include <set>
#include <utility>

#include "absl/strings/str_cat.h"

namespace mantlet::server {

ReloadSchedule::Options ReloadController::OptionsOf(const config::Reload& settings) {
  ReloadSchedule::Options options;
  options.interval_ms = settings.interval.count();
  return options;
}

ReloadController::ReloadController(io::Loop& loop, base::Logger& logger,
                                   const config::Reload& settings, std::vector<std::string> files,
                                   certs::Fingerprints fingerprints, Load load,
                                   std::function<void()> on_outcome)
    : loop_(loop),
      logger_(logger),
      settings_(settings),
      load_(std::move(load)),
      on_outcome_(std::move(on_outcome)),
      configured_(std::move(files)),
      files_(configured_),
      fingerprints_(std::move(fingerprints)),
      schedule_(OptionsOf(settings), loop.now_ms()),
      timer_([this] { Step(); }) {
  Rewatch();
  // Polls for changes since `fingerprints` was taken, before the watch began.
  schedule_.OnFileEvent(loop_.now_ms());
  Rearm();
}

void ReloadController::Configure(const config::Reload& settings, std::vector<std::string> files) {
  if (settings.interval != settings_.interval) {
    schedule_.SetInterval(settings.interval.count(), loop_.now_ms());
  }
  settings_ = settings;
  configured_ = std::move(files);
  files_ = certs::FileSet(configured_);
}

// Watches the directories of `files_`. Returns whether the set of directories has changed, so that
// events may have been missed.
bool ReloadController::Rewatch() {
  if (!settings_.watch) {
    watch_.reset();
    watched_.clear();
    return false;
  }
  if (watch_ == nullptr) {
    watch_ = std::make_unique<io::DirectoryWatch>(loop_, [this] { OnFileEvent(); });
  }
  constexpr int kMostRounds = 4;  // a link that changes faster than this causes events
  bool changed = false;
  for (int round = 0; round < kMostRounds; ++round) {
    std::set<std::string> directories = files_.Directories();
    const bool same = directories == watched_;
    watched_ = directories;
    Watch(std::move(directories));
    if (same) break;
    changed = true;  // repeat: a link may have changed before its target was watched
  }
  return changed;
}

// Watches `directories`. If one cannot be watched (it is missing or unreadable), watches its
// parent, where an event shows that the directory may have become available.
void ReloadController::Watch(std::set<std::string> directories) {
  std::vector<std::string> unwatched;
  do {
    unwatched = watch_->Set(std::vector<std::string>(directories.begin(), directories.end()));
    for (const std::string& path : unwatched) {
      logger_.Debug("not_watched",
                    "A directory cannot be watched; its parent and the periodic poll cover it.",
                    {{"path", path}});
      directories.erase(path);
      const size_t slash = path.rfind('/');
      if (slash != 0 && slash != std::string::npos) directories.insert(path.substr(0, slash));
    }
  } while (!unwatched.empty() && !directories.empty());
}

void ReloadController::OnFileEvent() {
  schedule_.OnFileEvent(loop_.now_ms());
  Rearm();
}

void ReloadController::Step() {
  switch (schedule_.Next(loop_.now_ms())) {
    case ReloadSchedule::Action::kNothing:
      break;
    case ReloadSchedule::Action::kPoll: {
      // A link may have a new target, or a directory may exist again.
      Rewatch();
      const certs::Fingerprints polled = files_.Poll(reader_);
      schedule_.OnPolled(!certs::ChangedPaths(fingerprints_, polled).empty(), loop_.now_ms());
      if (schedule_.Next(loop_.now_ms()) == ReloadSchedule::Action::kLoad) DoLoad(&polled);
      break;
    }
    case ReloadSchedule::Action::kLoad:
      DoLoad(nullptr);
      break;
  }
  on_outcome_();
  Rearm();
}

std::string ReloadController::LoadNow(bool by_signal) {
  schedule_.OnRequested(loop_.now_ms(), by_signal);
  if (schedule_.Next(loop_.now_ms()) == ReloadSchedule::Action::kLoad) DoLoad(nullptr);
  on_outcome_();
  Rearm();
  return schedule_.last_error();
}

// Stores the states that the load has read, for later polls to compare with. A load that failed
// early has not read every file; the others keep the state of the poll, or of the previous load.
void ReloadController::StoreFingerprints(certs::Fingerprints read,
                                         const certs::Fingerprints* polled) {
  std::vector<std::string> all = configured_;
  const std::set<std::string> configured(all.begin(), all.end());
  for (const auto& [path, state] : read) {
    if (!configured.contains(path)) all.push_back(path);
  }
  std::vector<std::string> unknown;
  for (const std::string& path : all) {
    if (read.contains(path)) continue;
    if (polled != nullptr && polled->contains(path)) {
      read[path] = polled->at(path);
    } else if (auto known = fingerprints_.find(path); known != fingerprints_.end()) {
      read[path] = known->second;
    } else {
      unknown.push_back(path);
    }
  }
  read.merge(certs::FileSet(std::move(unknown)).Poll(reader_));
  fingerprints_ = std::move(read);
  files_ = certs::FileSet(std::move(all));
}

void ReloadController::DoLoad(const certs::Fingerprints* polled) {
  LoadOutcome result = load_(polled);
  StoreFingerprints(std::move(result.fingerprints), polled);
  // Files that were not watched before may have changed between the load and the watch.
  if (Rewatch()) schedule_.OnFileEvent(loop_.now_ms());
  for (const ReloadSchedule::Report& report : schedule_.OnLoaded(result.problems, loop_.now_ms())) {
    Report(report);
  }
  if (result.swapped) {
    logger_.Info("reload_succeeded",
                 result.problems.empty() ? "The files on disk are in use."
                                         : "Some of the files on disk are in use.",
                 {{"detail", result.detail}, {"changes", result.changes}});
  } else if (result.problems.empty()) {
    logger_.Info("reload_unchanged", "The files on disk are already in use.");
  }
}

// Logs a problem. A temporary one (a file that is being written) starts at the level info.
void ReloadController::Report(const ReloadSchedule::Report& report) {
  const ReloadSchedule::Problem& problem = report.problem;
  base::LogLevel level = base::LogLevel::kError;
  std::string state = "are refused";
  if (report.level == ReloadSchedule::Level::kInfo) {
    level = base::LogLevel::kInfo;
    state = "are incomplete or inconsistent";
  } else if (report.level == ReloadSchedule::Level::kWarning) {
    level = base::LogLevel::kWarn;
    state = "have been incomplete or inconsistent for several seconds";
  }
  const std::string reason = absl::StrCat("awaiting: ", problem.reason);
  std::vector<base::LogField> fields = {{"reason", reason}};
  std::string message;
  if (problem.listener.empty()) {
    message = problem.may_pass ? "The files of the new configuration " + state
                               : std::string("The new configuration is rejected");
    message += "; the old one stays in use, and the new one is loaded again later.";
  } else {
    fields.insert(fields.begin(), {"listener", problem.listener});
    message = "The new files of a listener " + state +
              "; the old files stay in use, and the new ones are loaded again later.";
  }
  logger_.Log(level, "reload_failed", message, fields);
}

void ReloadController::Rearm() {
  std::optional<int64_t> at = schedule_.NextWakeup();
  if (at.has_value()) {
    loop_.timers().Arm(timer_, *at);
  } else {
    loop_.timers().Cancel(timer_);
  }
}

}  // namespace mantlet::server
