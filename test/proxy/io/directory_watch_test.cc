#include "proxy/io/directory_watch.h"

#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <memory>
#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "test/proxy/io/loop_driver.h"
#include "test/proxy/io/temp_directory.h"

namespace mantlet::io {
namespace {

namespace fs = std::filesystem;
using testing::ElementsAre;
using testing::IsEmpty;

class DirectoryWatchTest : public testing::Test {
 protected:
  DirectoryWatchTest() {
    watch_ = std::make_unique<DirectoryWatch>(loop_, [this] { ++changes_; });
  }

  std::string Path(const std::string& name = "") const { return (root_ / name).string(); }
  void Write(const std::string& name, const std::string& text) {
    std::ofstream(root_ / name) << text;
  }
  // Returns whether a change is reported after `act`, and not because of an earlier one.
  template <typename Act>
  bool Tells(Act act) {
    RunReady(loop_);
    const int before = changes_;
    act();
    return RunUntil(loop_, [&] { return changes_ > before; });
  }

  Loop loop_;
  TempDirectory directory_;
  const fs::path root_ = directory_.path();
  int changes_ = 0;
  std::unique_ptr<DirectoryWatch> watch_;
};

TEST_F(DirectoryWatchTest, ReportsANewAChangedARenamedAndARemovedFile) {
  EXPECT_THAT(watch_->Set({Path()}), IsEmpty());
  EXPECT_TRUE(Tells([&] { Write("tls.crt", "one"); }));
  EXPECT_TRUE(Tells([&] { Write("tls.crt", "two"); }));
  EXPECT_TRUE(Tells([&] { fs::rename(root_ / "tls.crt", root_ / "tls.key"); }));
  EXPECT_TRUE(Tells([&] { fs::remove(root_ / "tls.key"); }));
}

TEST_F(DirectoryWatchTest, ReportsALinkThatKubernetesSwaps) {
  fs::create_directory(root_ / "..1");
  fs::create_directory(root_ / "..2");
  fs::create_symlink("..1", root_ / "..data");
  watch_->Set({Path()});
  EXPECT_TRUE(Tells([&] {
    fs::create_symlink("..2", root_ / "..data_tmp");
    fs::rename(root_ / "..data_tmp", root_ / "..data");
  }));
}

TEST_F(DirectoryWatchTest, NamesTheDirectoriesThatCannotBeWatched) {
  EXPECT_THAT(watch_->Set({Path(), Path("missing")}), ElementsAre(Path("missing")));
  EXPECT_TRUE(Tells([&] { Write("file", "x"); })) << "the others are watched";
}

TEST_F(DirectoryWatchTest, ADirectoryThatCameBackIsWatchedAgain) {
  const std::string directory = Path("tls");
  fs::create_directory(directory);
  watch_->Set({directory});
  // Several rounds: some file systems give the new directory the inode of the old one.
  for (int round = 0; round < 3; ++round) {
    ASSERT_TRUE(Tells([&] { fs::remove(directory); }));
    fs::create_directory(directory);
    RunReady(loop_);
    EXPECT_THAT(watch_->Set({directory}), IsEmpty());
    ASSERT_TRUE(Tells([&] { Write("tls/file", "x"); })) << "round " << round;
    fs::remove(root_ / "tls" / "file");
  }
}

TEST_F(DirectoryWatchTest, ADirectoryBehindALinkThatCameBackIsWatchedAgain) {
  fs::create_directory(root_ / "real");
  fs::create_symlink("real", root_ / "link");
  watch_->Set({Path("link"), Path("real")});
  for (int round = 0; round < 3; ++round) {
    ASSERT_TRUE(Tells([&] { fs::remove(root_ / "real"); }));
    fs::create_directory(root_ / "real");
    RunReady(loop_);
    watch_->Set({Path("link")});
    ASSERT_TRUE(Tells([&] { Write("link/file", "x"); })) << "round " << round;
    fs::remove(root_ / "real" / "file");
    watch_->Set({Path("link"), Path("real")});
  }
}

TEST_F(DirectoryWatchTest, ADirectoryThatIsGoneIsNamedUntilItIsBack) {
  const std::string directory = Path("tls");
  fs::create_directory(directory);
  watch_->Set({directory});
  fs::remove(directory);
  EXPECT_THAT(watch_->Set({directory}), ElementsAre(directory));
  fs::create_directory(directory);
  EXPECT_THAT(watch_->Set({directory}), IsEmpty());
  EXPECT_TRUE(Tells([&] { Write("tls/file", "x"); }));
}

TEST_F(DirectoryWatchTest, ADirectoryMovedAwayIsNoLongerTheOneThatCounts) {
  const std::string directory = Path("tls");
  fs::create_directory(directory);
  watch_->Set({directory});
  fs::rename(directory, Path("old"));
  fs::create_directory(directory);
  watch_->Set({directory});
  EXPECT_TRUE(Tells([&] { Write("tls/file", "x"); }));
  RunReady(loop_);
  const int before = changes_;
  Write("old/file", "x");
  RunReady(loop_);
  EXPECT_EQ(changes_, before);
}

TEST_F(DirectoryWatchTest, DirectoriesThatAreNoLongerSetAreNoLongerWatched) {
  fs::create_directory(root_ / "a");
  fs::create_directory(root_ / "b");
  watch_->Set({Path("a"), Path("b")});
  watch_->Set({Path("b")});
  RunReady(loop_);
  const int before = changes_;
  Write("a/file", "x");
  RunReady(loop_);
  EXPECT_EQ(changes_, before);
  EXPECT_TRUE(Tells([&] { Write("b/file", "x"); }));
}

TEST_F(DirectoryWatchTest, SettingTheSameDirectoriesAgainLosesNothing) {
  watch_->Set({Path()});
  Write("file", "x");
  watch_->Set({Path()});
  EXPECT_TRUE(RunUntil(loop_, [&] { return changes_ > 0; }));
}

TEST_F(DirectoryWatchTest, MayBeSetAndDestroyedFromInsideItsCallback) {
  fs::create_directory(root_ / "a");
  bool told = false;
  watch_ = std::make_unique<DirectoryWatch>(loop_, [&] {
    watch_->Set({Path("a")});
    told = true;
  });
  watch_->Set({Path()});
  Write("file", "x");
  ASSERT_TRUE(RunUntil(loop_, [&] { return told; }));
  watch_.reset();
  Write("a/file", "x");
  RunReady(loop_);
}

}  // namespace
}  // namespace mantlet::io
