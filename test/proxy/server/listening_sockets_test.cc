#include "proxy/server/listening_sockets.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <set>
#include <string>
#include <utility>
#include <vector>

#include "gtest/gtest.h"
#include "proxy/io/listener.h"
#include "proxy/io/socket_address.h"
#include "proxy/server/received_sockets.h"
#include "test/proxy/io/temp_directory.h"

namespace mantlet::server {
namespace {

using PortSharing = ListeningSockets::PortSharing;

config::Address Tcp(const std::string& host, uint16_t port) {
  config::Address address;
  address.host = host;
  address.port = port;
  return address;
}

config::Address Path(config::Address::Kind kind, const std::string& path) {
  config::Address address;
  address.kind = kind;
  address.path = path;
  return address;
}

bool Listens(int fd) {
  int accepting = 0;
  socklen_t size = sizeof(accepting);
  return getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &accepting, &size) == 0 && accepting != 0;
}

// Opens one address with one socket.
absl::StatusOr<BoundListener> OpenOne(ListeningSockets& sockets, const config::Address& address,
                                      size_t count, PortSharing sharing) {
  auto bound = sockets.Open(address, count, sharing);
  if (!bound.ok()) return bound.status();
  EXPECT_EQ(bound->size(), 1u);
  return std::move(bound->front());
}

absl::StatusOr<BoundListener> OpenOne(const config::Address& address, size_t count) {
  ListeningSockets sockets({});
  return OpenOne(sockets, address, count, PortSharing::kExclusive);
}

std::string Refusal(const absl::StatusOr<BoundListener>& bound) {
  return bound.ok() ? "" : std::string(bound.status().message());
}

TEST(ListeningSockets, GivesEveryWorkerASocketOfItsOwnOnOnePort) {
  auto bound = OpenOne(Tcp("127.0.0.1", 0), 3);
  ASSERT_TRUE(bound.ok()) << bound.status();
  ASSERT_EQ(bound->sockets.size(), 3u);
  std::set<std::string> addresses;
  for (const io::FileDescriptor& socket : bound->sockets) {
    EXPECT_TRUE(Listens(socket.get()));
    addresses.insert(io::LocalAddress(socket.get())->ToString());
  }
  EXPECT_EQ(addresses, std::set<std::string>{bound->address});
  EXPECT_FALSE(bound->address.ends_with(":0"));
}

TEST(ListeningSockets, RefusesAnAddressOnWhichAnotherProcessListens) {
  ListeningSockets sockets({});
  auto bound = OpenOne(sockets, Tcp("127.0.0.1", 0), 1, PortSharing::kExclusive);
  ASSERT_TRUE(bound.ok());
  const uint16_t port = io::LocalAddress(bound->sockets[0].get())->port();
  // With SO_REUSEPORT alone, a second daemon would get half of the connections.
  auto again = OpenOne(sockets, Tcp("127.0.0.1", port), 1, PortSharing::kExclusive);
  EXPECT_NE(Refusal(again).find("127.0.0.1:" + std::to_string(port)), std::string::npos);
  EXPECT_TRUE(OpenOne(sockets, Tcp("127.0.0.1", port), 1, PortSharing::kShared).ok());
}

TEST(ListeningSockets, NamesTheHostThatCannotBeResolved) {
  auto bound = OpenOne(Tcp("no such host", 1), 1);
  EXPECT_NE(Refusal(bound).find("no such host"), std::string::npos);
}

TEST(ListeningSockets, SharesOneUnixSocketAmongAllWorkers) {
  io::TempDirectory directory;
  const std::string path = directory.File("in.sock");
  auto bound = OpenOne(Path(config::Address::Kind::kUnix, path), 3);
  ASSERT_TRUE(bound.ok()) << bound.status();
  ASSERT_EQ(bound->sockets.size(), 3u);
  EXPECT_EQ(bound->address, "unix:" + path);
  std::set<int> different;
  for (const io::FileDescriptor& socket : bound->sockets) {
    EXPECT_TRUE(Listens(socket.get()));
    different.insert(socket.get());
  }
  EXPECT_EQ(different.size(), 3u);
}

TEST(ListeningSockets, AUnixPathThatIsTooLongIsRefused) {
  auto bound = OpenOne(Path(config::Address::Kind::kUnix, "/" + std::string(200, 'x')), 1);
  EXPECT_NE(Refusal(bound).find("107"), std::string::npos);
}

class UnixTest : public testing::Test {
 protected:
  bool Connects(const std::string& path) {
    const io::SocketAddress address = io::SocketAddress::Unix(path).value();
    io::FileDescriptor fd(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    return connect(fd.get(), address.data(), address.size()) == 0;
  }
  absl::StatusOr<BoundListener> Open(const std::string& path) {
    return OpenOne(sockets_, Path(config::Address::Kind::kUnix, path), 1, PortSharing::kExclusive);
  }
  void RemoveAll() {
    sockets_.RemoveFiles([](const std::string&) { return false; });
  }

  io::TempDirectory directory_;
  const std::string path_ = directory_.File("in.sock");
  ListeningSockets sockets_{{}};
};

TEST_F(UnixTest, APathOfOursIsTakenOverByItsNewSocketWithoutAGap) {
  auto before = Open(path_);
  ASSERT_TRUE(before.ok()) << before.status();
  auto after = Open(path_);
  ASSERT_TRUE(after.ok()) << after.status();
  EXPECT_TRUE(Connects(path_));
  EXPECT_EQ(after->address, "unix:" + path_);
  before->sockets.clear();
  EXPECT_FALSE(Connects(path_)) << "not before the new one is in use";
  sockets_.Commit();
  EXPECT_TRUE(Connects(path_));
  RemoveAll();
  EXPECT_NE(access(path_.c_str(), F_OK), 0);
}

TEST_F(UnixTest, ANewSocketThatIsNotUsedLeavesTheOldOneInItsPlace) {
  auto before = Open(path_);
  ASSERT_TRUE(before.ok());
  {
    auto refused = Open(path_);
  }
  sockets_.RemoveFiles([](const std::string&) { return true; });
  sockets_.Commit();
  EXPECT_TRUE(Connects(path_));
  EXPECT_NE(access((path_ + ".new").c_str(), F_OK), 0);
}

TEST_F(UnixTest, TheFileOfASuccessorStays) {
  auto ours = Open(path_);
  ASSERT_TRUE(ours.ok());
  unlink(path_.c_str());
  ListeningSockets another({});
  auto theirs =
      OpenOne(another, Path(config::Address::Kind::kUnix, path_), 1, PortSharing::kExclusive);
  ASSERT_TRUE(theirs.ok()) << theirs.status();
  RemoveAll();
  EXPECT_TRUE(Connects(path_));
}

TEST_F(UnixTest, OnePathByTwoNamesIsRefusedByTheirNames) {
  auto ours = Open(path_);
  ASSERT_TRUE(ours.ok());
  const std::string link = directory_.File("link");
  ASSERT_EQ(symlink(".", link.c_str()), 0);
  EXPECT_NE(Refusal(Open(link + "/in.sock")).find("mantlet listens on as unix:" + path_),
            std::string::npos);
}

class InheritedTest : public testing::Test {
 protected:
  InheritedTest() : address_(io::SocketAddress::Resolve("127.0.0.1", 0).value().front()) {
    given_ = io::OpenListeningSocket(address_).value();
  }
  absl::StatusOr<BoundListener> Open(const std::string& name, size_t count = 1) {
    ListeningSockets sockets({{given_.get(), "public"}});
    return OpenOne(sockets, Path(config::Address::Kind::kSystemd, name), count,
                   PortSharing::kExclusive);
  }

  io::SocketAddress address_;
  io::FileDescriptor given_;
};

TEST_F(InheritedTest, TheServiceManagersSocketIsFoundByItsName) {
  auto bound = Open("public", 2);
  ASSERT_TRUE(bound.ok()) << bound.status();
  EXPECT_EQ(bound->sockets.size(), 2u);
  EXPECT_EQ(bound->address, io::LocalAddress(given_.get())->ToString());
}

TEST_F(InheritedTest, TheOriginalStaysForALaterReload) {
  {
    auto bound = Open("public", 2);
  }
  EXPECT_TRUE(Listens(given_.get()));
  auto again = Open("public");
  ASSERT_TRUE(again.ok());
  EXPECT_NE(again->sockets[0].get(), given_.get());
}

TEST_F(InheritedTest, IsMadeNonBlockingAndNotPassedOn) {
  fcntl(given_.get(), F_SETFL, fcntl(given_.get(), F_GETFL) & ~O_NONBLOCK);
  auto bound = Open("public");
  ASSERT_TRUE(bound.ok());
  EXPECT_TRUE(fcntl(bound->sockets[0].get(), F_GETFL) & O_NONBLOCK);
  EXPECT_TRUE(fcntl(bound->sockets[0].get(), F_GETFD) & FD_CLOEXEC);
}

TEST_F(InheritedTest, EverySocketOfANameIsListenedOn) {
  io::FileDescriptor second = io::OpenListeningSocket(address_).value();
  io::FileDescriptor other = io::OpenListeningSocket(address_).value();
  ListeningSockets sockets(
      {{given_.get(), "public"}, {other.get(), "other"}, {second.get(), "public"}});
  EXPECT_EQ(sockets.UnusedInherited(), (std::set<std::string>{"other", "public"}));
  auto bound =
      sockets.Open(Path(config::Address::Kind::kSystemd, "public"), 2, PortSharing::kExclusive);
  ASSERT_TRUE(bound.ok()) << bound.status();
  ASSERT_EQ(bound->size(), 2u);
  EXPECT_EQ((*bound)[1].address, io::LocalAddress(second.get())->ToString());
  EXPECT_EQ((*bound)[1].sockets.size(), 2u);
  EXPECT_EQ(sockets.UnusedInherited(), std::set<std::string>{"other"});
}

TEST_F(InheritedTest, AnUnknownNameIsRejectedWithAHint) {
  EXPECT_NE(Refusal(Open("other")).find("FileDescriptorName=other"), std::string::npos);
}

TEST_F(InheritedTest, ASocketThatDoesNotListenIsRejectedWithAHint) {
  given_ = io::FileDescriptor(socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  EXPECT_NE(Refusal(Open("public")).find("ListenStream="), std::string::npos);
}

class ReceivedTest : public testing::Test {
 protected:
  // Passes `count` sockets of one port, as another process would.
  void Pass(size_t count, SocketUse use = SocketUse::kListener, const std::string& name = "public",
            const std::string& path = "") {
    PassedSockets passed{use, name, path, {}};
    for (size_t i = 0; i < count; ++i) {
      const auto address = path.empty() ? io::SocketAddress::Resolve("127.0.0.1", port_)->front()
                                        : io::SocketAddress::Unix(path).value();
      passed.sockets.push_back(io::OpenListeningSocket(address).value());
      port_ = io::LocalAddress(passed.sockets.back().get())->port();
      inodes_.insert(Inode(passed.sockets.back()));
    }
    received_.Add(std::move(passed));
  }
  static ino_t Inode(const io::FileDescriptor& socket) {
    struct stat status{};
    fstat(socket.get(), &status);
    return status.st_ino;
  }
  absl::StatusOr<std::vector<BoundListener>> Open(const config::Address& address, size_t count,
                                                  SocketOwner owner = {SocketUse::kListener,
                                                                       "public"}) {
    sockets_.SetReceived(std::move(received_));
    return sockets_.Open(address, count, PortSharing::kExclusive, {}, owner);
  }

  io::TempDirectory directory_;
  uint16_t port_ = 0;
  std::set<ino_t> inodes_;  // of the passed sockets
  ReceivedSockets received_;
  ListeningSockets sockets_{{}};
};

TEST_F(ReceivedTest, EverySocketGoesToAWorkerWhateverTheirNumbersAre) {
  for (size_t passed = 1; passed <= 5; ++passed) {
    for (size_t workers = 1; workers <= 5; ++workers) {
      SCOPED_TRACE(std::to_string(passed) + " for " + std::to_string(workers));
      received_ = ReceivedSockets();
      inodes_.clear();
      port_ = 0;
      Pass(passed);
      auto bound = Open(Tcp("127.0.0.1", port_), workers);
      ASSERT_TRUE(bound.ok()) << bound.status();
      std::set<ino_t> used;
      for (const BoundListener& one : *bound) {
        EXPECT_TRUE(one.received);
        ASSERT_EQ(one.sockets.size(), workers);
        for (const io::FileDescriptor& socket : one.sockets) used.insert(Inode(socket));
      }
      EXPECT_EQ(used, inodes_);
      EXPECT_EQ(bound->size(), (passed + workers - 1) / workers);
      EXPECT_EQ(sockets_.FinishReceived(), std::vector<uint32_t>{0});
    }
  }
}

TEST_F(ReceivedTest, AnyPortMeansThePortOfTheSameName) {
  Pass(1);
  auto bound = Open(Tcp("127.0.0.1", 0), 1);
  ASSERT_TRUE(bound.ok());
  EXPECT_EQ(bound->front().address, "127.0.0.1:" + std::to_string(port_));
}

TEST_F(ReceivedTest, SocketsOfAnotherNameHostOrUseAreNotTaken) {
  Pass(1, SocketUse::kListener, "other");
  Pass(1, SocketUse::kEndpoint, "public");
  for (const char* host : {"127.0.0.1", "127.0.0.2"}) {
    auto bound = Open(Tcp(host, 0), 1);
    ASSERT_TRUE(bound.ok());
    EXPECT_FALSE(bound->front().received);
  }
  EXPECT_TRUE(sockets_.FinishReceived().empty());
}

TEST_F(ReceivedTest, AnotherAddressOfTheSamePortMayBeBoundBesideIt) {
  Pass(1);
  auto bound = Open(Tcp("0.0.0.0", port_), 1);
  ASSERT_TRUE(bound.ok()) << bound.status();
  EXPECT_FALSE(bound->front().received);
}

TEST_F(ReceivedTest, APortThatNobodyHasPassedStaysExclusive) {
  const auto other = io::OpenListeningSocket(io::SocketAddress::Resolve("127.0.0.1", 0)->front());
  Pass(1);
  const uint16_t port = io::LocalAddress(other->get())->port();
  auto bound = Open(Tcp("127.0.0.1", port), 1);
  EXPECT_FALSE(bound.ok()) << "a process that did not pass it listens there";
}

TEST_F(ReceivedTest, TheFileOfAUnixSocketIsOursOnlyAfterCommit) {
  const std::string path = directory_.File("public.sock");
  Pass(1, SocketUse::kListener, "public", path);
  auto bound = Open(Path(config::Address::Kind::kUnix, path), 2);
  ASSERT_TRUE(bound.ok()) << bound.status();
  EXPECT_TRUE(bound->front().received);
  EXPECT_FALSE(sockets_.IsOurs(path));
  sockets_.RemoveFiles([](const std::string&) { return false; });
  EXPECT_TRUE(io::SocketFileAt(path).has_value()) << "it belongs to the other process";
  sockets_.Commit();
  EXPECT_TRUE(sockets_.IsOurs(path));
  sockets_.RemoveFiles([](const std::string&) { return false; });
  EXPECT_FALSE(io::SocketFileAt(path).has_value());
}

TEST_F(ReceivedTest, ADisownedFileStays) {
  const std::string path = directory_.File("public.sock");
  auto bound = sockets_.Open(Path(config::Address::Kind::kUnix, path), 1, PortSharing::kExclusive);
  ASSERT_TRUE(bound.ok());
  sockets_.Disown(path);
  sockets_.RemoveFiles([](const std::string&) { return false; });
  EXPECT_TRUE(io::SocketFileAt(path).has_value());
}

TEST_F(ReceivedTest, OtherPermissionsReplaceTheFileWhenItIsMoved) {
  const std::string path = directory_.File("public.sock");
  Pass(1, SocketUse::kListener, "public", path);
  const auto before = io::SocketFileAt(path);
  sockets_.SetReceived(std::move(received_));
  auto bound = sockets_.Open(Path(config::Address::Kind::kUnix, path), 1, PortSharing::kExclusive,
                             {.unix_mode = 0660});
  ASSERT_TRUE(bound.ok()) << bound.status();
  EXPECT_FALSE(bound->front().received);
  EXPECT_EQ(io::SocketFileAt(path), before) << "the other process serves until the end";
  sockets_.MoveSuccessors();
  EXPECT_NE(io::SocketFileAt(path), before);
  EXPECT_TRUE(sockets_.FinishReceived().empty());
}

TEST_F(ReceivedTest, SocketsOfTheServiceManagerAreFoundByNameAgainAndAgain) {
  Pass(1, SocketUse::kInherited, "web");
  auto bound = Open(Path(config::Address::Kind::kSystemd, "web"), 2);
  ASSERT_TRUE(bound.ok()) << bound.status();
  EXPECT_EQ(sockets_.FinishReceived(), std::vector<uint32_t>{0});
  EXPECT_TRUE(
      sockets_.Open(Path(config::Address::Kind::kSystemd, "web"), 1, PortSharing::kExclusive).ok());
  auto other =
      sockets_.Open(Path(config::Address::Kind::kSystemd, "other"), 1, PortSharing::kExclusive);
  EXPECT_FALSE(other.ok());
}

TEST_F(ReceivedTest, WhatDoesNotListenIsNotTaken) {
  PassedSockets passed{SocketUse::kInherited, "web", "", {}};
  passed.sockets.emplace_back(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  received_.Add(std::move(passed));
  EXPECT_FALSE(Open(Path(config::Address::Kind::kSystemd, "web"), 1).ok());
  EXPECT_TRUE(sockets_.FinishReceived().empty());
}

}  // namespace
}  // namespace mantlet::server
