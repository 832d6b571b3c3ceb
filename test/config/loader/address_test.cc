#include <gtest/gtest.h>

#include "config/config.h"
#include "config/loader/value_type.h"

namespace mantlet::config {
namespace {

std::optional<Address> Read(const std::string& text, AddressKinds kinds = {true, true}) {
  Address address;
  const auto problem = AddressOf(kinds, "x").parse({text, false, "/etc/mantlet"}, address);
  if (!problem) return address;
  EXPECT_EQ(address, Address()) << "a refused address must not leave anything behind";
  return std::nullopt;
}

// `text` is parsed and printed as `written`.
void ExpectReads(const std::string& text, const std::string& written) {
  const auto address = Read(text);
  ASSERT_TRUE(address.has_value()) << text;
  EXPECT_EQ(ToString(*address), written);
  EXPECT_EQ(Read(written), address) << "reading what was written gives the same";
}

TEST(AddressOf, ReadsEveryForm) {
  ExpectReads("127.0.0.1:8443", "127.0.0.1:8443");
  ExpectReads("0.0.0.0:0", "0.0.0.0:0");
  ExpectReads("[::1]:8443", "[::1]:8443");
  ExpectReads("[fe80::1%eth0]:8443", "[fe80::1%eth0]:8443");
  ExpectReads("localhost:65535", "localhost:65535");
  ExpectReads("app_1.my-pod.svc:80", "app_1.my-pod.svc:80");
  ExpectReads("unix:/run/app.sock", "unix:/run/app.sock");
  ExpectReads("systemd:public", "systemd:public");
}

TEST(AddressOf, ShortensIpv6SoThatEqualAddressesCompareEqual) {
  EXPECT_EQ(Read("[0:0:0:0:0:0:0:1]:80"), Read("[::1]:80"));
  EXPECT_EQ(Read("[FE80::A]:80"), Read("[fe80::a]:80"));
}

TEST(AddressOf, TakesARelativeSocketFromTheConfigurationsFolder) {
  ExpectReads("unix:app.sock", "unix:/etc/mantlet/app.sock");
}

TEST(AddressOf, LimitsTheLengthOfASocketPath) {
  EXPECT_TRUE(Read("unix:/" + std::string(106, 'x')));
  EXPECT_FALSE(Read("unix:/" + std::string(107, 'x')));
}

TEST(AddressOf, RefusesEverythingElse) {
  for (const char* text :
       {"",         ":",          ":80",          "80",           "host",        "host:",
        "host:-1",  "host:65536", "host:80a",     "host: 80",     "a b:80",      "*:80",
        "::1:80",   "::1",        "[::1]",        "[::1]80",      "[::1:80",     "[]:80",
        "[::g]:80", "1.2.3:80",   "256.0.0.1:80", "1.2.3.4.5:80", "0x7f.1:80x",  "-a:80",
        "a..b:80",  "unix:",      "unix:@a",      "systemd:",     "systemd:a:b", "http://a:80",
        "/run/a",   "[::1%]:80x", "host:0080x"}) {
    EXPECT_FALSE(Read(text)) << text;
  }
}

TEST(AddressOf, AllowsSystemdAndPortZeroOnlyWhereAsked) {
  EXPECT_FALSE(Read("systemd:public", {false, true}));
  EXPECT_FALSE(Read("127.0.0.1:0", {true, false}));
}

TEST(IsLocal, IsTrueForLocalAddresses) {
  for (const char* text : {"127.0.0.1:1", "127.9.9.9:1", "[::1]:1", "localhost:1", "LocalHost:1",
                           "unix:/a", "[::ffff:127.0.0.1]:1"}) {
    EXPECT_TRUE(IsLocal(*Read(text))) << text;
  }
  for (const char* text : {"0.0.0.0:1", "[::]:1", "10.0.0.1:1", "128.0.0.1:1", "localhost.evil:1",
                           "127.0.0.1.example:1", "systemd:a", "[::ffff:10.0.0.1]:1"}) {
    EXPECT_FALSE(IsLocal(*Read(text))) << text;
  }
}

}  // namespace
}  // namespace mantlet::config
