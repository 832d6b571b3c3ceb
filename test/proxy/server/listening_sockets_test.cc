#include "proxy/server/listening_sockets.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <set>
#include <string>
#include <utility>

#include "gtest/gtest.h"
#include "proxy/io/listener.h"
#include "proxy/io/socket_address.h"
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

}  // namespace
}  // namespace mantlet::server
