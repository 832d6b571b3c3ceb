#include "proxy/server/reload_controller.h"

#include <filesystem>
#include <fstream>
#include <functional>
#include <memory>
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

  void Start(bool watch, int64_t interval_ms) {
    settings_.watch = watch;
    settings_.interval = config::Milliseconds(interval_ms);
    controller_ = std::make_unique<ReloadController>(
        loop_, logger_, settings_, std::vector<std::string>{directory_.File("tls.crt")},
        fingerprints_,
        [this](const certs::Fingerprints*) {
          ++loads_;
          LoadOutcome outcome = next_;
          if (during_load_) during_load_(outcome);
          return outcome;
        },
        [this] { ++outcomes_; });
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
  std::function<void(LoadOutcome&)> during_load_;
  int loads_ = 0, outcomes_ = 0;
  std::unique_ptr<ReloadController> controller_;
};

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
  controller_->Configure(settings_, {directory_.File("tls/tls.crt")});
  controller_->LoadNow();
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
  EXPECT_EQ(controller_->LoadNow(), "");
  EXPECT_EQ(loads_, 1);
  EXPECT_EQ(outcomes_, 1);
  next_ = LoadOutcome::Failed("no");
  EXPECT_EQ(controller_->LoadNow(), "no");
}

TEST_F(ReloadControllerTest, LogsChangesAndThatNothingHasChanged) {
  Start(false, 0);
  next_.changes = {"listener 'public': serial 0b (was serial 0a)"};
  controller_->LoadNow();
  ASSERT_FALSE(log_.lines().empty());
  EXPECT_NE(log_.lines().back().find("reload_succeeded"), std::string::npos);
  EXPECT_NE(log_.lines().back().find("was serial 0a"), std::string::npos);
  next_ = LoadOutcome::Unchanged();
  controller_->LoadNow();
  EXPECT_NE(log_.lines().back().find("reload_unchanged"), std::string::npos);
}

TEST_F(ReloadControllerTest, TheProblemOfOneListenerIsLoggedBesideTheSuccessOfOthers) {
  Start(false, 0);
  next_ = LoadOutcome::Swapped({{"broken", "the key does not fit", true}});
  EXPECT_NE(controller_->LoadNow().find("the key does not fit"), std::string::npos);
  EXPECT_NE(log_.text().find("reload_succeeded"), std::string::npos);
  EXPECT_NE(log_.text().find(R"("listener":"broken")"), std::string::npos);
  EXPECT_EQ(log_.text().find(R"("level":"error")"), std::string::npos) << "it may pass";
  EXPECT_TRUE(controller_->state().pending());
}

TEST_F(ReloadControllerTest, AChangeThatComesWhileALoadReadsIsFoundAfterwards) {
  Start(false, 50);
  during_load_ = [this](LoadOutcome& outcome) {
    Look();
    outcome.fingerprints = fingerprints_;
    if (loads_ == 1) Write("tls.crt", "three, after the load has read it");
  };
  Write("tls.crt", "two");
  ASSERT_TRUE(Loads(2));
  during_load_ = nullptr;
  const int looks = outcomes_;
  ASSERT_TRUE(RunUntil(loop_, [&] { return outcomes_ >= looks + 3; }));
  EXPECT_EQ(loads_, 2) << "and then there is nothing more to find";
}

TEST_F(ReloadControllerTest, APollIsPassedToTheLoadAndARequestHasNone) {
  Start(true, 0);
  controller_.reset();
  std::vector<size_t> looked;
  controller_ = std::make_unique<ReloadController>(
      loop_, logger_, settings_, std::vector<std::string>{directory_.File("tls.crt")},
      fingerprints_,
      [&](const certs::Fingerprints* states) {
        looked.push_back(states == nullptr ? 0 : states->size());
        return next_;
      },
      [] {});
  controller_->LoadNow();
  Write("tls.crt", "two");
  ASSERT_TRUE(RunUntil(loop_, [&] { return looked.size() >= 2; }));
  EXPECT_EQ(looked, (std::vector<size_t>{0, 1}));
}

TEST_F(ReloadControllerTest, WatchesTheFilesThatARefusedConfigurationNames) {
  Start(true, 0);
  std::filesystem::create_directories(directory_.File("other"));
  const std::string wanted = directory_.File("other/new.crt");
  next_ = LoadOutcome::Failed("new.crt is missing");
  during_load_ = [&](LoadOutcome& outcome) {
    certs::DiskFileReader reader;
    outcome.fingerprints = certs::FileSet({directory_.File("tls.crt"), wanted}).Poll(reader);
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
  controller_->Configure(settings_, {directory_.File("other/ca.crt")});
  controller_->LoadNow();
  Write("other/ca.crt", "two");
  EXPECT_TRUE(Loads(2));
}

}  // namespace
}  // namespace mantlet::server
