#include "config/address_overlap.h"

#include <string>

#include "gtest/gtest.h"

namespace mantlet::config {
namespace {

Address Tcp(const std::string& host, uint16_t port = 8443) {
  Address address;
  address.host = host;
  address.port = port;
  return address;
}

Address Path(Address::Kind kind, const std::string& path) {
  Address address;
  address.kind = kind;
  address.path = path;
  return address;
}

TEST(AddressOverlap, OneAddressInTwoSpellingsIsTheSame) {
  EXPECT_EQ(Compare(Tcp("127.0.0.1"), Tcp("127.0.0.1")), Overlap::kSame);
  EXPECT_EQ(Compare(Tcp("127.0.0.1"), Tcp("::ffff:127.0.0.1")), Overlap::kSame);
  EXPECT_EQ(Compare(Tcp("::1"), Tcp("0:0::1")), Overlap::kSame);
  EXPECT_EQ(Compare(Tcp("LocalHost"), Tcp("localhost")), Overlap::kSame);
  EXPECT_EQ(Compare(Path(Address::Kind::kUnix, "/run/a.sock"),
                    Path(Address::Kind::kUnix, "/run/./x/../a.sock")),
            Overlap::kSame);
  EXPECT_EQ(Compare(Path(Address::Kind::kSystemd, "a"), Path(Address::Kind::kSystemd, "a")),
            Overlap::kSame);
}

TEST(AddressOverlap, AWildcardCoversItsFamilyOnly) {
  EXPECT_EQ(Compare(Tcp("0.0.0.0"), Tcp("127.0.0.1")), Overlap::kCovered);
  EXPECT_EQ(Compare(Tcp("::ffff:127.0.0.1"), Tcp("0.0.0.0")), Overlap::kCovered);
  EXPECT_EQ(Compare(Tcp("::1"), Tcp("::")), Overlap::kCovered);
  EXPECT_EQ(Compare(Tcp("::"), Tcp("0.0.0.0")), Overlap::kNone);
  EXPECT_EQ(Compare(Tcp("::"), Tcp("127.0.0.1")), Overlap::kNone);
}

TEST(AddressOverlap, DifferentAddressesAndPortsAreIndependent) {
  EXPECT_EQ(Compare(Tcp("127.0.0.1"), Tcp("127.0.0.2")), Overlap::kNone);
  EXPECT_EQ(Compare(Tcp("0.0.0.0"), Tcp("127.0.0.1", 8444)), Overlap::kNone);
  EXPECT_EQ(Compare(Tcp("127.0.0.1", 0), Tcp("127.0.0.1", 0)), Overlap::kNone);
  EXPECT_EQ(Compare(Tcp("fe80::1%eth0"), Tcp("fe80::1%eth1")), Overlap::kNone);
  EXPECT_EQ(Compare(Path(Address::Kind::kUnix, "/a"), Path(Address::Kind::kSystemd, "/a")),
            Overlap::kNone);
}

TEST(AddressOverlap, TheSixthWildcardIsForItsFamilyOnlyBesideTheFourth) {
  Config config;
  config.listeners.resize(2);
  config.listeners[0].address = Tcp("::");
  config.listeners[1].address = Tcp("0.0.0.0", 8444);
  EXPECT_FALSE(IsV6Only(config, Tcp("::")));
  config.listeners[1].address.port = 8443;
  EXPECT_TRUE(IsV6Only(config, Tcp("::")));
  EXPECT_FALSE(IsV6Only(config, Tcp("::1")));
  EXPECT_FALSE(IsV6Only(config, Tcp("0.0.0.0")));
  config.listeners.pop_back();
  config.metrics.enabled = true;
  config.metrics.address = Tcp("127.0.0.1");
  EXPECT_TRUE(IsV6Only(config, Tcp("::")));
}

}  // namespace
}  // namespace mantlet::config
