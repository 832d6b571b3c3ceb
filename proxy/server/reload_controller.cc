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

ReloadController::ReloadController(io::Loop& loop, BackgroundThread& thread,
                                   certs::FileReader& reader, base::Logger& logger,
                                   const config::Reload& settings, std::vector<std::string> files,
                                   certs::Fingerprints fingerprints, Actions actions,
                                   int64_t slow_ms)
    : loop_(loop),
      thread_(thread),
      reader_(reader),
      logger_(logger),
      settings_(settings),
      actions_(std::move(actions)),
      files_(reader, std::move(files), std::move(fingerprints)),
      schedule_(OptionsOf(settings), loop.now_ms()),
      timer_([this] { Step(); }),
      slow_ms_(slow_ms),
      slow_timer_([this] { OnSlow(); }) {
  // Watches the directories, and then polls for changes since `fingerprints` was taken.
  schedule_.OnFileEvent(loop_.now_ms());
  Rearm();
}

void ReloadController::Configure(const config::Reload& settings) {
  if (settings.interval != settings_.interval) {
    schedule_.SetInterval(settings.interval.count(), loop_.now_ms());
  }
  settings_ = settings;
}

// Watches the directories of the files. Returns whether the set of directories has changed, so that
// events may have been missed. Runs on the loading thread.
bool ReloadController::Rewatch() {
  constexpr int kMostRounds = 4;  // a link that changes faster than this causes events
  bool changed = false;
  for (int round = 0; round < kMostRounds; ++round) {
    bool same = true;
    const bool called = thread_.CallOnLoop(
        [&, directories = files_.Directories()] { same = !SetWatched(directories); });
    if (!called || same) break;
    changed = true;  // repeat: a link may have changed before its target was watched
  }
  return changed;
}

// Returns whether these are other directories than before.
bool ReloadController::SetWatched(std::set<std::string> directories) {
  if (!settings_.watch) {
    watch_.reset();
    watched_.clear();
    return false;
  }
  if (watch_ == nullptr) {
    watch_ = std::make_unique<io::DirectoryWatch>(loop_, [this] { OnFileEvent(); });
  }
  const bool changed = directories != watched_;
  watched_ = directories;
  Watch(std::move(directories));
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

void ReloadController::Request(Done done, bool by_signal) {
  if (stopped_.has_value()) {
    done(*stopped_);
    return;
  }
  schedule_.OnRequested(loop_.now_ms(), by_signal);
  if (slow_) {
    // It may never end. The log is the only response to a signal.
    if (by_signal) LogSlow();
    done(SlowText());
    return;
  }
  waiting_.push_back(std::move(done));
  Step();
}

void ReloadController::SetInProgress(bool in_progress) {
  begun_ms_ = loop_.now_ms();
  slow_ = false;
  if (in_progress) {
    loop_.ArmIn(slow_timer_, slow_ms_);
  } else {
    loop_.timers().Cancel(slow_timer_);
  }
  actions_.in_progress(in_progress);
}

// Requests that wait for the next load are answered; those of the load in progress wait for it.
void ReloadController::OnSlow() {
  slow_ = true;
  LogSlow();
  const std::string text = SlowText();
  for (const Done& done : std::exchange(waiting_, {})) done(text);
}

std::string ReloadController::SlowText() const {
  const std::string path = reader_.path_in_progress();
  return absl::StrCat(
      "a reload that began ", (loop_.now_ms() - begun_ms_) / 1000, " s ago is still ",
      path.empty() ? "checking the files"
                   : absl::StrCat("reading ", path, "; check whether its file system responds"),
      ". Another one follows when it has ended");
}

void ReloadController::LogSlow() const {
  logger_.Warn("reload_slow",
               "A reload is still reading the files. No other one begins before it has ended, and "
               "what is served does not change until then; check whether the file system responds.",
               {{"path", reader_.path_in_progress()},
                {"seconds", static_cast<double>(loop_.now_ms() - begun_ms_) / 1000.0}});
}

void ReloadController::Stop(const std::string& reason) {
  if (stopped_.has_value()) return;
  stopped_ = reason;
  thread_.Cancel();
  watch_.reset();
  loop_.timers().Cancel(timer_);
  SetInProgress(false);
  std::vector<Done> all = std::exchange(answering_, {});
  for (Done& done : std::exchange(waiting_, {})) all.push_back(std::move(done));
  for (const Done& done : all) done(reason);
}

// Does what is due. `polled` is the result of a poll that has just ended.
void ReloadController::Step(std::optional<certs::Fingerprints> polled) {
  if (stopped_.has_value()) return;
  switch (schedule_.Next(loop_.now_ms())) {
    case ReloadSchedule::Action::kNothing:
      break;
    case ReloadSchedule::Action::kPoll:
      StartPoll();
      break;
    case ReloadSchedule::Action::kLoad:
      StartLoad(std::move(polled));
      break;
  }
  Rearm();
}

void ReloadController::StartPoll() {
  struct Result {
    certs::Fingerprints polled;
    bool changed = false;
  };
  auto result = std::make_shared<Result>();
  SetInProgress(true);
  thread_.Run(
      [this, result] {
        // A link may have a new target, or a directory may exist again.
        Rewatch();
        result->polled = files_.Poll();
        result->changed = files_.DifferFrom(result->polled);
      },
      [this, result] { OnPolled(result->changed, std::move(result->polled)); });
}

void ReloadController::OnPolled(bool changed, certs::Fingerprints polled) {
  SetInProgress(false);
  schedule_.OnPolled(changed, loop_.now_ms());
  // After a change a load follows. What is pending is shown with its reason, when that has ended.
  if (!changed) actions_.changed();
  Step(std::move(polled));
}

void ReloadController::StartLoad(std::optional<certs::Fingerprints> polled) {
  struct Result {
    std::optional<certs::Fingerprints> polled;
    Load load;
    LoadOutcome outcome;
    bool directories_changed = false;
  };
  answering_ = std::exchange(waiting_, {});
  auto result = std::make_shared<Result>();
  result->polled = std::move(polled);
  result->load = actions_.begin();
  SetInProgress(true);
  thread_.Run(
      [this, result] {
        const certs::Fingerprints* before = result->polled.has_value() ? &*result->polled : nullptr;
        result->outcome = std::move(result->load)(before);
        result->load = nullptr;  // what it owns is freed on this thread
        files_.Store(result->outcome, before);
        result->directories_changed = Rewatch();
      },
      [this, result] { OnLoaded(result->outcome, result->directories_changed); });
}

void ReloadController::OnLoaded(const LoadOutcome& outcome, bool directories_changed) {
  SetInProgress(false);
  // Files that were not watched before may have changed between the load and the watch.
  if (directories_changed) schedule_.OnFileEvent(loop_.now_ms());
  actions_.loaded(outcome);
  for (const auto& report : schedule_.OnLoaded(outcome.problems, loop_.now_ms())) Report(report);
  Log(outcome);
  actions_.changed();
  // An answered client may cause another request.
  const std::string problems = schedule_.last_error();
  for (const Done& done : std::exchange(answering_, {})) done(problems);
  Step();
}

void ReloadController::Log(const LoadOutcome& outcome) {
  if (outcome.swapped) {
    logger_.Info("reload_succeeded",
                 outcome.problems.empty() ? "The files on disk are in use."
                                          : "Some of the files on disk are in use.",
                 {{"detail", outcome.detail}, {"changes", outcome.changes}});
  } else if (outcome.problems.empty()) {
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
