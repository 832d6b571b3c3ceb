#include "proxy/server/reload_controller.h"

#include <atomic>
#include <filesystem>
#include <fstream>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "test/proxy/io/loop_driver.h"
#include "test/proxy/io/temp_directory.h"

namespace mantlet::server {
namespace {

using io::RunUntil;

class ReloadControllerTest : public testing::Test {
 protected:
  ReloadControllerTest() {
    Write("tls.crt", "one");
    Look();
  }
  // Returns the file states that the daemon's first load would read.
  void Look() {
    certs::DiskFileReader reader;
    fingerprints_ = certs::FileSet({directory_.File("tls.crt")}).Poll(reader);
  }

  void Start(bool watch, int64_t interval_ms, certs::FileReader* reader = nullptr,
             int64_t slow_ms = ReloadController::kSlowMs) {
    settings_.watch = watch;
    settings_.interval = config::Milliseconds(interval_ms);
    thread_ = std::make_unique<BackgroundThread>(loop_, cancellation_, "loader");
    controller_ = std::make_unique<ReloadController>(
        loop_, *thread_, reader == nullptr ? reader_ : *reader, logger_, settings_,
        std::vector<std::string>{directory_.File("tls.crt")}, fingerprints_,
        ReloadController::Actions{
            .begin = [this] { return NextLoad(); },
            .loaded = [this](const LoadOutcome&) { ++loads_; },
            .changed = [this] { ++outcomes_; },
            .in_progress = [this](bool yes) { in_progress_ = yes; },
        },
        slow_ms);
  }
  ~ReloadControllerTest() override { thread_.reset(); }
  // Returns a load that waits while `blocked_` is locked, and that returns `next_` as it is now.
  ReloadController::Load NextLoad() {
    return [this, outcome = next_, during = during_load_,
            number = ++begun_](const certs::Fingerprints* polled) mutable {
      const std::lock_guard wait(blocked_);
      polled_.push_back(polled == nullptr ? 0 : polled->size());
      if (during) during(outcome, number);
      return outcome;
    };
  }
  // Requests a load and returns its problems when it has ended.
  std::string LoadNow(bool by_signal = false) {
    std::optional<std::string> problems;
    controller_->Request([&](const std::string& text) { problems = text; }, by_signal);
    EXPECT_TRUE(RunUntil(loop_, [&] { return problems.has_value(); }));
    return problems.value_or("no answer");
  }
  // Requests a load and counts its answer.
  void Ask() {
    controller_->Request([this](const std::string& text) { answers_.push_back(text); });
  }
  void Write(const std::string& name, const std::string& text) {
    std::ofstream(directory_.File(name)) << text;
  }
  bool Loads(int count) {
    return RunUntil(loop_, [&] { return loads_ >= count; });
  }

  io::TempDirectory directory_;
  io::Loop loop_;
  base::CapturedLog log_;
  base::Logger logger_{base::LogFormat::kJson, base::LogLevel::kDebug, log_.sink()};
  config::Reload settings_;
  certs::Fingerprints fingerprints_;
  LoadOutcome next_ = LoadOutcome::Swapped();
  // Called on the loading thread.
  std::function<void(LoadOutcome&, int number)> during_load_;
  int loads_ = 0, begun_ = 0, outcomes_ = 0;
  bool in_progress_ = false;
  std::vector<std::string> answers_;
  std::mutex blocked_;          // locked by the main thread while a load is to wait
  std::vector<size_t> polled_;  // written by the loading thread
  certs::DiskFileReader reader_;
  base::Cancellation cancellation_;
  std::unique_ptr<ReloadController> controller_;
  std::unique_ptr<BackgroundThread> thread_;
};

// A reader whose file system does not respond.
class HeldReader final : public certs::DiskFileReader {
 public:
  std::string path_in_progress() const override { return "/held/tls.crt"; }
};

TEST_F(ReloadControllerTest, ALoadThatTakesLongIsLoggedAndHoldsUpNoAnswer) {
  HeldReader reader;
  Start(false, 0, &reader, 200);
  ASSERT_TRUE(RunUntil(loop_, [&] { return outcomes_ > 0; })) << "the first poll";
  const auto records = [this, before = log_.text().size()] {
    int count = 0;
    for (size_t at = before; (at = log_.text().find("reload_slow", at)) != std::string::npos; ++at)
      ++count;
    return count;
  };
  std::unique_lock held(blocked_);
  Ask();
  Ask();  // for the load after it
  EXPECT_TRUE(in_progress_);
  EXPECT_TRUE(answers_.empty());
  ASSERT_TRUE(RunUntil(loop_, [&] { return !answers_.empty(); }));
  Ask();
  ASSERT_EQ(answers_.size(), 2U);
  for (const std::string& answer : answers_) {
    EXPECT_NE(answer.find("is still reading /held/tls.crt"), std::string::npos) << answer;
  }
  EXPECT_EQ(records(), 1);
  EXPECT_NE(log_.text().find(R"("path":"/held/tls.crt")"), std::string::npos);
  controller_->Request([](const std::string&) {}, /*by_signal=*/true);
  EXPECT_EQ(records(), 2);
  held.unlock();
  ASSERT_TRUE(Loads(2)) << "what was asked for follows";
  EXPECT_EQ(answers_.size(), 3U) << "the first request waits for its load";
  EXPECT_EQ(answers_.back(), "");
  EXPECT_EQ(LoadNow(), "");
  EXPECT_FALSE(in_progress_);
}

TEST_F(ReloadControllerTest, ALoadThatEndsInTimeIsNotLoggedAndRequestsWaitForTheNext) {
  Start(false, 0);
  std::unique_lock held(blocked_);
  Ask();
  Ask();
  EXPECT_TRUE(in_progress_);
  held.unlock();
  ASSERT_TRUE(RunUntil(loop_, [&] { return answers_.size() == 2; }));
  EXPECT_EQ(answers_, (std::vector<std::string>{"", ""}));
  EXPECT_EQ(log_.text().find("reload_slow"), std::string::npos);
}

TEST_F(ReloadControllerTest, LoadsWhenAWatchedFileChanges) {
  Start(true, 0);
  Write("tls.crt", "two");
  ASSERT_TRUE(Loads(1));
  EXPECT_GT(outcomes_, 0);
  EXPECT_FALSE(controller_->state().pending());
  EXPECT_NE(log_.text().find("reload_succeeded"), std::string::npos);
}

TEST_F(ReloadControllerTest, DoesNotLoadForAnotherFileInTheDirectory) {
  Start(true, 0);
  Write("unrelated", "x");
  ASSERT_TRUE(RunUntil(loop_, [&] { return outcomes_ > 0; })) << "it looks";
  EXPECT_EQ(loads_, 0);
  Write("tls.crt", "two");
  EXPECT_TRUE(Loads(1));
}

TEST_F(ReloadControllerTest, SeesALinkThatIsSwappedUnderneath) {
  std::filesystem::create_directories(directory_.File("..1"));
  std::filesystem::create_directories(directory_.File("..2"));
  Write("..1/tls.crt", "one");
  Write("..2/tls.crt", "two");
  std::filesystem::remove(directory_.File("tls.crt"));
  std::filesystem::create_symlink("..1", directory_.File("..data"));
  std::filesystem::create_symlink("..data/tls.crt", directory_.File("tls.crt"));
  Look();
  Start(true, 0);
  std::filesystem::create_symlink("..2", directory_.File("..data_tmp"));
  std::filesystem::rename(directory_.File("..data_tmp"), directory_.File("..data"));
  EXPECT_TRUE(Loads(1));
}

TEST_F(ReloadControllerTest, SeesADirectoryThatWasDeletedAndCameBack) {
  std::filesystem::create_directories(directory_.File("tls"));
  Write("tls/tls.crt", "one");
  settings_.watch = true;
  settings_.interval = config::Milliseconds(0);
  Start(true, 0);
  next_.files = {directory_.File("tls/tls.crt")};
  LoadNow();
  for (int round = 1; round <= 3; ++round) {
    loads_ = 0;
    std::filesystem::remove_all(directory_.File("tls"));
    ASSERT_TRUE(Loads(1)) << "the file is gone, round " << round;
    loads_ = 0;
    std::filesystem::create_directories(directory_.File("tls"));
    Write("tls/tls.crt", "round " + std::to_string(round));
    ASSERT_TRUE(Loads(1)) << "the file is back, round " << round;
    loads_ = 0;
    Write("tls/tls.crt", "changed in round " + std::to_string(round));
    ASSERT_TRUE(Loads(1)) << "the new directory is watched, round " << round;
  }
}

TEST_F(ReloadControllerTest, ThePeriodicPollFindsAChangeWithoutAWatch) {
  Start(false, 100);
  ASSERT_TRUE(RunUntil(loop_, [&] { return outcomes_ >= 2; }));
  EXPECT_EQ(loads_, 0) << "nothing has changed";
  Write("tls.crt", "two");
  EXPECT_TRUE(Loads(1));
}

TEST_F(ReloadControllerTest, AChangeSinceTheFirstLoadIsFoundToo) {
  Write("tls.crt", "changed between the load and the watch");
  Start(false, 100);
  EXPECT_TRUE(Loads(1));
}

TEST_F(ReloadControllerTest, AFailureIsLoggedOnceAndRetriedUntilSuccess) {
  Start(true, 0);
  next_ = LoadOutcome::Failed("the key does not fit");
  Write("tls.crt", "two");
  ASSERT_TRUE(Loads(2));
  EXPECT_TRUE(controller_->state().pending());
  EXPECT_EQ(controller_->state().last_error(), "the key does not fit");
  size_t said = 0;
  for (const std::string& line : log_.lines()) said += line.find("does not fit") != line.npos;
  EXPECT_EQ(said, 1u);
  next_ = LoadOutcome::Swapped();
  const int before = loads_;
  ASSERT_TRUE(Loads(before + 1));
  EXPECT_FALSE(controller_->state().pending());
  EXPECT_EQ(controller_->state().last_error(), "");
}

TEST_F(ReloadControllerTest, LoadsNowWhenAsked) {
  Start(false, 0);
  EXPECT_EQ(LoadNow(), "");
  EXPECT_EQ(loads_, 1);
  EXPECT_EQ(outcomes_, 1);
  next_ = LoadOutcome::Failed("no");
  EXPECT_EQ(LoadNow(), "no");
}

TEST_F(ReloadControllerTest, LogsChangesAndThatNothingHasChanged) {
  Start(false, 0);
  next_.changes = {"listener 'public': serial 0b (was serial 0a)"};
  LoadNow();
  ASSERT_FALSE(log_.lines().empty());
  EXPECT_NE(log_.lines().back().find("reload_succeeded"), std::string::npos);
  EXPECT_NE(log_.lines().back().find("was serial 0a"), std::string::npos);
  next_ = LoadOutcome::Unchanged();
  LoadNow();
  EXPECT_NE(log_.lines().back().find("reload_unchanged"), std::string::npos);
}

TEST_F(ReloadControllerTest, TheProblemOfOneListenerIsLoggedBesideTheSuccessOfOthers) {
  Start(false, 0);
  next_ = LoadOutcome::Swapped({{"broken", "the key does not fit", true}});
  EXPECT_NE(LoadNow().find("the key does not fit"), std::string::npos);
  EXPECT_NE(log_.text().find("reload_succeeded"), std::string::npos);
  EXPECT_NE(log_.text().find(R"("listener":"broken")"), std::string::npos);
  EXPECT_EQ(log_.text().find(R"("level":"error")"), std::string::npos) << "it may pass";
  EXPECT_TRUE(controller_->state().pending());
}

TEST_F(ReloadControllerTest, AChangeThatComesWhileALoadReadsIsFoundAfterwards) {
  Start(false, 50);
  during_load_ = [this](LoadOutcome& outcome, int number) {
    outcome.fingerprints = certs::FileSet({directory_.File("tls.crt")}).Poll(reader_);
    if (number == 1) Write("tls.crt", "three, after the load has read it");
  };
  Write("tls.crt", "two");
  ASSERT_TRUE(Loads(2));
  const int looks = outcomes_;
  ASSERT_TRUE(RunUntil(loop_, [&] { return outcomes_ >= looks + 3; }));
  EXPECT_EQ(loads_, 2) << "and then there is nothing more to find";
}

TEST_F(ReloadControllerTest, APollIsPassedToTheLoadAndARequestHasNone) {
  Start(true, 0);
  LoadNow();
  Write("tls.crt", "two");
  ASSERT_TRUE(Loads(2));
  EXPECT_EQ(polled_, (std::vector<size_t>{0, 1}));
}

TEST_F(ReloadControllerTest, WatchesTheFilesThatARefusedConfigurationNames) {
  Start(true, 0);
  std::filesystem::create_directories(directory_.File("other"));
  const std::string wanted = directory_.File("other/new.crt");
  next_ = LoadOutcome::Failed("new.crt is missing");
  during_load_ = [this, wanted](LoadOutcome& outcome, int) {
    outcome.fingerprints = certs::FileSet({directory_.File("tls.crt"), wanted}).Poll(reader_);
  };
  Write("tls.crt", "two");
  // The delay between attempts is two seconds by then.
  ASSERT_TRUE(Loads(3));
  const int64_t since = loop_.now_ms();
  Write("other/new.crt", "here it is");
  ASSERT_TRUE(Loads(4));
  EXPECT_LT(loop_.now_ms() - since, 1500);
}

TEST_F(ReloadControllerTest, WatchesTheFilesOfTheNewConfiguration) {
  Start(true, 0);
  std::filesystem::create_directories(directory_.File("other"));
  Write("other/ca.crt", "one");
  next_.files = {directory_.File("other/ca.crt")};
  LoadNow();
  Write("other/ca.crt", "two");
  EXPECT_TRUE(Loads(2));
}

TEST_F(ReloadControllerTest, TheLoopGoesOnDuringALoad) {
  Start(false, 0);
  blocked_.lock();
  Ask();
  int turns = 0;
  base::FunctionTimer timer([&] { ++turns; });
  for (int turn = 1; turn <= 3; ++turn) {
    loop_.ArmIn(timer, 1);
    ASSERT_TRUE(RunUntil(loop_, [&] { return turns == turn; }));
  }
  EXPECT_EQ(begun_, 1);
  EXPECT_EQ(loads_, 0) << "it has not ended";
  blocked_.unlock();
  EXPECT_TRUE(RunUntil(loop_, [&] { return answers_.size() == 1; }));
  EXPECT_EQ(loads_, 1);
}

TEST_F(ReloadControllerTest, RequestsDuringALoadShareTheNextOne) {
  Start(false, 0);
  blocked_.lock();
  next_ = LoadOutcome::Failed("the first");
  Ask();
  ASSERT_EQ(begun_, 1);
  next_ = LoadOutcome::Failed("the second");
  for (int i = 0; i < 3; ++i) Ask();
  io::RunReady(loop_);
  EXPECT_EQ(begun_, 1) << "one load at a time";
  blocked_.unlock();
  ASSERT_TRUE(RunUntil(loop_, [&] { return answers_.size() == 4; }));
  EXPECT_EQ(answers_,
            (std::vector<std::string>{"the first", "the second", "the second", "the second"}));
  EXPECT_EQ(loads_, 2);
}

TEST_F(ReloadControllerTest, AChangeDuringALoadIsPolledForAfterwards) {
  Start(true, 0);
  ASSERT_EQ(LoadNow(), "");
  blocked_.lock();
  Ask();
  Write("tls.crt", "changed while the load waits");
  io::RunReady(loop_);
  blocked_.unlock();
  EXPECT_TRUE(Loads(3));
}

// A file system on which every read has its result, and then waits while `blocked` is locked.
class BlockedReader final : public certs::FileReader {
 public:
  explicit BlockedReader(std::mutex& blocked) : blocked_(blocked) {}
  absl::StatusOr<certs::FileContent> Read(const std::string& path) override {
    absl::StatusOr<certs::FileContent> content = disk_.Read(path);
    ++reads;
    const std::lock_guard wait(blocked_);
    return content;
  }
  std::atomic<int> reads = 0;

 private:
  std::mutex& blocked_;
  certs::DiskFileReader disk_;
};

TEST_F(ReloadControllerTest, AChangeDuringAPollIsPolledForAfterwards) {
  BlockedReader reader(blocked_);
  blocked_.lock();
  Start(true, 0, &reader);
  ASSERT_TRUE(RunUntil(loop_, [&] { return reader.reads == 1; })) << "the first poll";
  Write("tls.crt", "changed while the poll waits");
  // Longer than an event takes to settle, so that the second poll is due when the first one ends.
  base::FunctionTimer timer([] {});
  loop_.ArmIn(timer, 300);
  ASSERT_TRUE(RunUntil(loop_, [&] { return !timer.armed(); }));
  blocked_.unlock();
  EXPECT_TRUE(Loads(1)) << "the second poll finds it";
}

TEST_F(ReloadControllerTest, StopAnswersAllRequestsAtOnceAndLoadsNothingMore) {
  Start(true, 0);
  blocked_.lock();
  Ask();
  Ask();
  controller_->Stop("the drain has begun");
  EXPECT_EQ(answers_, (std::vector<std::string>(2, "the drain has begun")));
  Ask();
  EXPECT_EQ(answers_.size(), 3u);
  blocked_.unlock();
  Write("tls.crt", "two");
  EXPECT_TRUE(thread_->EndsWithin(10'000));
  io::RunReady(loop_);
  EXPECT_EQ(begun_, 1);
  EXPECT_EQ(loads_, 0) << "the result of the cancelled load is not used";
}

TEST_F(ReloadControllerTest, ASignalDuringALoadHasAllProblemsLoggedByTheNextOne) {
  Start(false, 0);
  next_ = LoadOutcome::Failed("still wrong");
  LoadNow();
  const auto logged = [this] {
    size_t count = 0;
    for (const std::string& line : log_.lines()) count += line.find("still wrong") != line.npos;
    return count;
  };
  EXPECT_EQ(logged(), 1u);
  blocked_.lock();
  Ask();
  controller_->Request([this](const std::string& text) { answers_.push_back(text); }, true);
  blocked_.unlock();
  ASSERT_TRUE(RunUntil(loop_, [&] { return answers_.size() == 2; }));
  EXPECT_EQ(logged(), 2u);
}

}  // namespace
}  // namespace mantlet::server
