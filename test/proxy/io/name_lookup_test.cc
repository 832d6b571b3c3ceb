#include "proxy/io/name_lookup.h"

#include <memory>
#include <optional>
#include <string>

#include "gtest/gtest.h"
#include "test/proxy/io/loop_driver.h"

namespace mantlet::io {
namespace {

TEST(NameLookup, AnswersOnALaterTurnOfTheLoop) {
  Loop loop;
  SystemNameLookup lookup(loop);
  std::optional<NameLookup::Answer> answer;
  lookup.Start("localhost", 80, [&](NameLookup::Answer a) { answer = std::move(a); });
  EXPECT_FALSE(answer.has_value());
  ASSERT_TRUE(RunUntil(loop, [&] { return answer.has_value(); }));
  ASSERT_TRUE(answer->ok()) << answer->status();
  EXPECT_EQ((**answer)[0].port(), 80);
}

TEST(NameLookup, NamesTheHostWithoutAnAddress) {
  Loop loop;
  SystemNameLookup lookup(loop);
  std::optional<NameLookup::Answer> answer;
  lookup.Start("no such host", 80, [&](NameLookup::Answer a) { answer = std::move(a); });
  ASSERT_TRUE(RunUntil(loop, [&] { return answer.has_value(); }));
  ASSERT_FALSE(answer->ok());
  EXPECT_NE(answer->status().message().find("no such host"), std::string::npos);
}

TEST(NameLookup, MakesNoCallAfterItsDestruction) {
  Loop loop;
  bool called = false;
  auto lookup = std::make_unique<SystemNameLookup>(loop);
  for (int i = 0; i < 20; ++i) {
    lookup->Start("localhost", 80, [&](NameLookup::Answer) { called = true; });
  }
  lookup.reset();
  // The result of another lookup arrives when those of the destroyed one would have.
  SystemNameLookup other(loop);
  bool answered = false;
  other.Start("localhost", 80, [&](NameLookup::Answer) { answered = true; });
  ASSERT_TRUE(RunUntil(loop, [&] { return answered; }));
  EXPECT_FALSE(called);
}

TEST(SocketAddress, ALiteralNeedsNoLookup) {
  EXPECT_EQ(SocketAddress::Literal("127.0.0.1", 80)->ToString(), "127.0.0.1:80");
  EXPECT_EQ(SocketAddress::Literal("::1", 80)->ToString(), "[::1]:80");
  EXPECT_FALSE(SocketAddress::Literal("localhost", 80).has_value());
  EXPECT_FALSE(SocketAddress::Literal("app.example.test", 80).has_value());
}

TEST(SocketAddress, IsEqualToOneWithTheSameHostAndPort) {
  const SocketAddress address = *SocketAddress::Literal("127.0.0.1", 80);
  EXPECT_EQ(address, *SocketAddress::Literal("127.0.0.1", 80));
  EXPECT_FALSE(address == *SocketAddress::Literal("127.0.0.1", 81));
  EXPECT_FALSE(address == *SocketAddress::Literal("127.0.0.2", 80));
  EXPECT_FALSE(address == *SocketAddress::Unix("/run/app.sock"));
}

}  // namespace
}  // namespace mantlet::io
