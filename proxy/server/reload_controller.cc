#include "proxy/server/reload_controller.h"

#include <set>
#include <utility>

namespace mantlet::server {

using certs::Reloader;

Reloader::Options ReloadController::OptionsOf(const config::Reload& settings) {
  Reloader::Options options;
  options.interval_ms = settings.interval.count();
  return options;
}

ReloadController::ReloadController(io::Loop& loop, base::Logger& logger,
                                   const config::Reload& settings, std::vector<std::string> files,
                                   certs::FileStates seen, Load load,
                                   std::function<void()> on_outcome)
    : loop_(loop),
      logger_(logger),
      settings_(settings),
      load_(std::move(load)),
      on_outcome_(std::move(on_outcome)),
      files_(std::move(files)),
      seen_(std::move(seen)),
      reloader_(OptionsOf(settings), loop.now_ms()),
      timer_([this] { Step(); }) {
  Rewatch();
  // What has changed since `seen` was taken, before the watch began.
  reloader_.FilesEvent(loop_.now_ms());
  Rearm();
}

void ReloadController::Configure(const config::Reload& settings, std::vector<std::string> files) {
  if (settings.interval != settings_.interval) {
    reloader_.SetInterval(settings.interval.count(), loop_.now_ms());
  }
  settings_ = settings;
  files_ = certs::FileSet(std::move(files));
}

void ReloadController::Rewatch() {
  if (!settings_.watch) {
    watch_.reset();
    return;
  }
  if (watch_ == nullptr) {
    watch_ = std::make_unique<io::DirectoryWatch>(loop_, [this] { OnFilesEvent(); });
  }
  const std::set<std::string> directories = files_.Directories();
  std::vector<std::string> unwatched =
      watch_->Set(std::vector<std::string>(directories.begin(), directories.end()));
  for (const std::string& path : unwatched) {
    logger_.Debug("not_watched", "A directory cannot be watched; the slow look covers it.",
                  {{"path", path}});
  }
}

void ReloadController::OnFilesEvent() {
  reloader_.FilesEvent(loop_.now_ms());
  Rearm();
}

void ReloadController::Step() {
  switch (reloader_.Next(loop_.now_ms())) {
    case Reloader::Action::kNothing:
      break;
    case Reloader::Action::kLook: {
      // A link may lead elsewhere by now, a directory may be back.
      Rewatch();
      const bool changed = !certs::ChangedPaths(seen_, files_.Look(reader_)).empty();
      reloader_.Looked(changed, loop_.now_ms());
      if (reloader_.Next(loop_.now_ms()) == Reloader::Action::kLoad) DoLoad();
      break;
    }
    case Reloader::Action::kLoad:
      DoLoad();
      break;
  }
  on_outcome_();
  Rearm();
}

std::string ReloadController::LoadNow() {
  reloader_.Requested(loop_.now_ms());
  if (reloader_.Next(loop_.now_ms()) == Reloader::Action::kLoad) DoLoad();
  on_outcome_();
  Rearm();
  return reloader_.last_error();
}

void ReloadController::DoLoad() {
  // Before the load: a change that comes while it reads shows at the next look.
  certs::FileStates before = files_.Look(reader_);
  LoadOutcome result = load_();
  // The load may have brought another set of files; what it read of the old ones
  // is at least as new as `before`.
  seen_ = files_.Look(reader_);
  for (auto& [path, state] : seen_) {
    if (auto it = before.find(path); it != before.end()) state = it->second;
  }
  Rewatch();
  if (auto say = reloader_.Loaded(result.outcome, result.error, loop_.now_ms())) {
    if (result.outcome == Reloader::Outcome::kFailed) {
      logger_.Error("reload_failed",
                    "The new configuration or certificates are refused; the old "
                    "ones stay in use, and the files are tried again.",
                    {{"reason", *say}});
    } else {
      logger_.Info("reload_succeeded", *say, {{"detail", result.detail}});
    }
  }
}

void ReloadController::Rearm() {
  std::optional<int64_t> at = reloader_.NextWakeup();
  if (at.has_value()) {
    loop_.timers().Arm(timer_, *at);
  } else {
    loop_.timers().Cancel(timer_);
  }
}

}  // namespace mantlet::server
