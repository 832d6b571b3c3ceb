#include "proxy/io/socket_address.h"

#include <netinet/in.h>

#include <string>

#include "gtest/gtest.h"

namespace mantlet::io {
namespace {

SocketAddress Literal(const std::string& host, uint16_t port) {
  auto addresses = SocketAddress::Resolve(host, port);
  EXPECT_TRUE(addresses.ok()) << addresses.status();
  return addresses.ok() ? addresses->front() : SocketAddress();
}

TEST(SocketAddress, WritesIpv4WithItsPort) {
  SocketAddress address = Literal("127.0.0.1", 8443);
  EXPECT_EQ(address.ToString(), "127.0.0.1:8443");
  EXPECT_EQ(address.HostText(), "127.0.0.1");
  EXPECT_EQ(address.port(), 8443);
  EXPECT_FALSE(address.is_unix());
}

TEST(SocketAddress, PutsIpv6InBracketsOnlyBesideAPort) {
  SocketAddress address = Literal("::1", 80);
  EXPECT_EQ(address.ToString(), "[::1]:80");
  EXPECT_EQ(address.HostText(), "::1");
}

TEST(SocketAddress, WritesAMappedIpv4AddressAsIpv4) {
  SocketAddress address = Literal("::ffff:192.0.2.7", 1);
  EXPECT_EQ(address.family(), AF_INET6);
  EXPECT_EQ(address.HostText(), "192.0.2.7");
  EXPECT_EQ(address.ToString(), "192.0.2.7:1");
}

TEST(SocketAddress, ChangesThePortOfBothFamilies) {
  for (const char* host : {"127.0.0.1", "::1"}) {
    SocketAddress address = Literal(host, 0);
    address.set_port(65535);
    EXPECT_EQ(address.port(), 65535) << host;
  }
}

TEST(SocketAddress, WritesTheUnixPathAndUnixForThePeer) {
  auto address = SocketAddress::Unix("/run/app.sock");
  ASSERT_TRUE(address.ok());
  EXPECT_TRUE(address->is_unix());
  EXPECT_EQ(address->unix_path(), "/run/app.sock");
  EXPECT_EQ(address->ToString(), "unix:/run/app.sock");
  EXPECT_EQ(address->HostText(), "unix");
  EXPECT_EQ(address->port(), 0);
}

TEST(SocketAddress, AcceptsTheLongestUnixPathAndRejectsLongerOnes) {
  EXPECT_TRUE(SocketAddress::Unix(std::string(107, 'a')).ok());
  EXPECT_EQ(SocketAddress::Unix(std::string(107, 'a'))->unix_path().size(), 107u);
  EXPECT_FALSE(SocketAddress::Unix(std::string(108, 'a')).ok());
  EXPECT_FALSE(SocketAddress::Unix("").ok());
}

TEST(SocketAddress, AnUnnamedUnixPeerHasAnEmptyPath) {
  sockaddr peer{};
  peer.sa_family = AF_UNIX;
  SocketAddress address(&peer, sizeof(peer.sa_family));
  EXPECT_TRUE(address.is_unix());
  EXPECT_EQ(address.unix_path(), "");
}

TEST(SocketAddress, NamesTheHostThatCannotBeResolved) {
  auto addresses = SocketAddress::Resolve("no such host", 80);
  ASSERT_FALSE(addresses.ok());
  EXPECT_NE(addresses.status().message().find("'no such host'"), std::string::npos);
}

}  // namespace
}  // namespace mantlet::io
