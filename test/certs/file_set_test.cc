// Uses real files and links, in every way that files are replaced.

#include "certs/file_set.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <string>

#include "certs/generation_loader.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "test/certs/material_helper.h"

namespace mantlet::certs {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::UnorderedElementsAre;
namespace fs = std::filesystem;

class FileSetTest : public testing::Test {
 protected:
  FileSetTest() {
    std::string pattern = testing::TempDir() + "/file_set.XXXXXX";
    dir_ = fs::canonical(mkdtemp(pattern.data()));
  }
  ~FileSetTest() override { fs::remove_all(dir_); }

  std::string Path(const std::string& name) const { return dir_ + "/" + name; }
  // Writes in place, like a writer that truncates the file.
  void Write(const std::string& name, const std::string& bytes) {
    std::ofstream(Path(name), std::ios::binary | std::ios::trunc) << bytes;
  }
  // Changes the target of a link in one step.
  void Swing(const std::string& target, const std::string& link) {
    fs::remove(Path("new-link"));
    fs::create_symlink(target, Path("new-link"));
    fs::rename(Path("new-link"), Path(link));
  }
  Fingerprints Poll(const FileSet& set) { return set.Poll(reader_); }

  std::string dir_;
  DiskFileReader reader_;
};

TEST_F(FileSetTest, APlainFileIsWatchedThroughItsDirectory) {
  Write("a", "1");
  EXPECT_THAT(FileSet({Path("a")}).Directories(), ElementsAre(dir_));
}

TEST_F(FileSetTest, AMissingFileIsAwaitedInTheNearestDirectory) {
  EXPECT_THAT(FileSet({Path("a")}).Directories(), ElementsAre(dir_));
  EXPECT_THAT(FileSet({Path("x/y/a")}).Directories(), ElementsAre(dir_));
  fs::create_directories(Path("x"));
  EXPECT_THAT(FileSet({Path("x/y/a")}).Directories(), ElementsAre(Path("x")));
}

TEST_F(FileSetTest, EveryHopOfALinkIsWatched) {
  fs::create_directories(Path("archive"));
  fs::create_directories(Path("live"));
  Write("archive/cert1.pem", "1");
  fs::create_symlink("../archive/cert1.pem", Path("live/cert.pem"));
  fs::create_symlink(Path("live"), Path("current"));
  EXPECT_THAT(FileSet({Path("current/cert.pem")}).Directories(),
              UnorderedElementsAre(dir_, Path("live"), Path("archive")));
}

TEST_F(FileSetTest, ARingOfLinksEnds) {
  fs::create_symlink(Path("b"), Path("a"));
  fs::create_symlink(Path("a"), Path("b"));
  EXPECT_THAT(FileSet({Path("a")}).Directories(), ElementsAre(dir_));
}

TEST_F(FileSetTest, AKubernetesVolumeIsWatchedWhereItsDataLinkSwings) {
  fs::create_directories(Path("..v1"));
  fs::create_directories(Path("..v2"));
  Write("..v1/tls.crt", "one");
  Write("..v2/tls.crt", "two");
  fs::create_symlink("..v1", Path("..data"));
  fs::create_symlink("..data/tls.crt", Path("tls.crt"));
  FileSet set({Path("tls.crt")});
  EXPECT_THAT(set.Directories(), UnorderedElementsAre(dir_, Path("..v1")));
  Fingerprints before = Poll(set);
  EXPECT_EQ(before[Path("tls.crt")].resolved, Path("..v1/tls.crt"));
  Swing("..v2", "..data");
  fs::remove_all(Path("..v1"));
  Fingerprints after = Poll(set);
  EXPECT_THAT(ChangedPaths(before, after), ElementsAre(Path("tls.crt")));
  EXPECT_EQ(after[Path("tls.crt")].resolved, Path("..v2/tls.crt"));
  EXPECT_THAT(set.Directories(), UnorderedElementsAre(dir_, Path("..v2")));
}

TEST_F(FileSetTest, ALinkThatSwingsToTheSameContentIsNoChange) {
  Write("one", "same");
  Write("two", "same");
  fs::create_symlink("one", Path("link"));
  FileSet set({Path("link")});
  Fingerprints before = Poll(set);
  Swing("two", "link");
  EXPECT_THAT(ChangedPaths(before, Poll(set)), IsEmpty());
}

TEST_F(FileSetTest, TruncationDeletionAndReturnAreChanges) {
  Write("a", "1");
  FileSet set({Path("a")});
  Fingerprints first = Poll(set);
  Write("a", "");
  Fingerprints empty = Poll(set);
  EXPECT_THAT(ChangedPaths(first, empty), ElementsAre(Path("a")));
  fs::remove(Path("a"));
  Fingerprints gone = Poll(set);
  EXPECT_THAT(ChangedPaths(empty, gone), ElementsAre(Path("a")));
  EXPECT_THAT(ChangedPaths(gone, Poll(set)), IsEmpty());
  Write("a", "1");
  EXPECT_THAT(ChangedPaths(first, Poll(set)), IsEmpty());
}

TEST_F(FileSetTest, AnotherSetOfPathsIsAChange) {
  Write("a", "1");
  Write("b", "1");
  EXPECT_THAT(ChangedPaths(Poll(FileSet({Path("a")})), Poll(FileSet({Path("b")}))),
              UnorderedElementsAre(Path("a"), Path("b")));
}

TEST_F(FileSetTest, WhatIsNoRegularFileIsAnErrorAndNeverBlocks) {
  ASSERT_EQ(mkfifo(Path("fifo").c_str(), 0600), 0);
  EXPECT_FALSE(reader_.Read(Path("fifo")).ok());
  EXPECT_FALSE(reader_.Read(dir_).ok());
}

TEST_F(FileSetTest, TheReaderReportsPermissionBits) {
  Write("key", "x");
  fs::permissions(Path("key"), fs::perms(0640));
  EXPECT_EQ(reader_.Read(Path("key"))->mode, 0640u);
}

// spiffe-helper truncates and writes the certificate first, then the key. No invalid set is
// accepted at any time in between.
TEST_F(FileSetTest, AReaderBetweenTwoInPlaceWritesKeepsWhatItHas) {
  config::Config config = OneListener();
  config.listeners[0].tls.certificates[0].chain = Path("tls.crt");
  config.listeners[0].tls.certificates[0].key = Path("tls.key");
  config.listeners[0].client_auth.trust_bundle = {config::TrustFile{Path("ca.crt"), ""}};
  Write("tls.crt", ChainPem(Server()));
  Write("tls.key", Server().key->ToPem());
  Write("ca.crt", x509::Root().certificate->ToPem());
  auto load = [&] { return GenerationLoader::Load(config, reader_, x509::kNow); };
  ASSERT_TRUE(load().ok()) << load().status();

  x509::Credential next =
      x509::MakeCredential(x509::ServerTemplate("next", {"next"}), &x509::Intermediate());
  const std::string chain = ChainPem(next), key = next.key->ToPem();
  Write("tls.crt", "");
  EXPECT_FALSE(load().ok());
  Write("tls.crt", chain.substr(0, chain.size() / 2));
  EXPECT_FALSE(load().ok());
  Write("tls.crt", chain);
  EXPECT_THAT(std::string(load().status().message()), testing::HasSubstr("does not match"));
  Write("tls.key", "");
  EXPECT_FALSE(load().ok());
  Write("tls.key", key.substr(0, key.size() / 2));
  EXPECT_FALSE(load().ok());
  Write("tls.key", key);
  ASSERT_TRUE(load().ok()) << load().status();
  EXPECT_EQ((*load())->listeners[0].certificates[0].leaf->cn(), "next");
}

}  // namespace
}  // namespace mantlet::certs
