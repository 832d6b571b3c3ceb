#include "proxy/server/listening_sockets.h"

#include <fcntl.h>
#include <sys/socket.h>

#include <set>
#include <string>
#include <utility>

#include "gtest/gtest.h"
#include "proxy/io/listener.h"
#include "proxy/io/socket_address.h"
#include "test/proxy/io/temp_directory.h"

namespace mantlet::server {
namespace {

using Others = ListeningSockets::Others;

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

std::string Refusal(const absl::StatusOr<BoundListener>& bound) {
  return bound.ok() ? "" : std::string(bound.status().message());
}

TEST(ListeningSockets, GivesEveryWorkerASocketOfItsOwnOnOnePort) {
  auto bound = ListeningSockets({}).Open(Tcp("127.0.0.1", 0), 3, Others::kRefuse);
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
  auto bound = sockets.Open(Tcp("127.0.0.1", 0), 1, Others::kRefuse);
  ASSERT_TRUE(bound.ok());
  const uint16_t port = io::LocalAddress(bound->sockets[0].get())->port();
  // SO_REUSEPORT alone would let a second daemon steal half of the connections.
  auto again = sockets.Open(Tcp("127.0.0.1", port), 1, Others::kRefuse);
  EXPECT_NE(Refusal(again).find("127.0.0.1:" + std::to_string(port)), std::string::npos);
  EXPECT_TRUE(sockets.Open(Tcp("127.0.0.1", port), 1, Others::kAllow).ok());
}

TEST(ListeningSockets, NamesTheHostThatCannotBeResolved) {
  auto bound = ListeningSockets({}).Open(Tcp("no such host", 1), 1, Others::kRefuse);
  EXPECT_NE(Refusal(bound).find("no such host"), std::string::npos);
}

TEST(ListeningSockets, SharesOneUnixSocketAmongAllWorkers) {
  io::TempDirectory directory;
  const std::string path = directory.File("in.sock");
  auto bound =
      ListeningSockets({}).Open(Path(config::Address::Kind::kUnix, path), 3, Others::kRefuse);
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
  auto bound = ListeningSockets({}).Open(
      Path(config::Address::Kind::kUnix, "/" + std::string(200, 'x')), 1, Others::kRefuse);
  EXPECT_NE(Refusal(bound).find("107"), std::string::npos);
}

class InheritedTest : public testing::Test {
 protected:
  InheritedTest() : address_(io::SocketAddress::Resolve("127.0.0.1", 0).value().front()) {
    given_ = io::OpenListeningSocket(address_).value();
  }
  absl::StatusOr<BoundListener> Open(const std::string& name, size_t count = 1) {
    ListeningSockets sockets({{given_.get(), "public"}});
    return sockets.Open(Path(config::Address::Kind::kSystemd, name), count, Others::kRefuse);
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

TEST_F(InheritedTest, AnUnknownNameIsRefusedWithTheCure) {
  EXPECT_NE(Refusal(Open("other")).find("FileDescriptorName=other"), std::string::npos);
}

TEST_F(InheritedTest, ASocketThatDoesNotListenIsRefusedWithTheCure) {
  given_ = io::FileDescriptor(socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  EXPECT_NE(Refusal(Open("public")).find("ListenStream="), std::string::npos);
}

}  // namespace
}  // namespace mantlet::server
