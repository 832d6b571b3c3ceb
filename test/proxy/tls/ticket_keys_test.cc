#include "proxy/tls/ticket_keys.h"

#include <atomic>
#include <string>
#include <thread>
#include <vector>

#include "gtest/gtest.h"
#include "proxy/base/key_memory.h"

namespace mantlet::tls {
namespace {

constexpr int64_t kPeriod = 60'000;
constexpr int64_t kStart = 5'000'000;

TEST(TicketKeysTest, ASealedTicketCanBeOpened) {
  TicketKeys keys(kPeriod);
  const std::string ticket = keys.Seal("a session", "context", kStart);
  EXPECT_EQ(ticket.size(), 9 + TicketKeys::kOverheadBytes);
  EXPECT_EQ(ticket.find("a session"), std::string::npos);
  EXPECT_EQ(keys.Open(ticket, "context", kStart), "a session");
}

TEST(TicketKeysTest, TheKeysAreInTheMemoryForKeys) {
  const size_t before = base::ReadKeyMemoryUse().block_bytes;
  {
    TicketKeys keys(kPeriod);
    (void)keys.Seal("a session", "context", kStart);
    EXPECT_GE(base::ReadKeyMemoryUse().block_bytes, before + 256);  // an AES-256 key schedule
  }
  EXPECT_EQ(base::ReadKeyMemoryUse().block_bytes, before);
}

TEST(TicketKeysTest, OtherAssociatedDataDoesNotOpen) {
  TicketKeys keys(kPeriod);
  EXPECT_FALSE(keys.Open(keys.Seal("a session", "listener a", kStart), "listener b", kStart));
}

TEST(TicketKeysTest, OtherKeysDoNotOpen) {
  TicketKeys keys(kPeriod), others(kPeriod);
  (void)others.Seal("x", "context", kStart);
  EXPECT_FALSE(others.Open(keys.Seal("a session", "context", kStart), "context", kStart));
}

TEST(TicketKeysTest, NoBitMayBeChanged) {
  TicketKeys keys(kPeriod);
  const std::string ticket = keys.Seal("a session", "context", kStart);
  for (size_t i = 0; i < ticket.size(); ++i) {
    std::string forged = ticket;
    forged[i] = static_cast<char>(forged[i] ^ 1);
    EXPECT_FALSE(keys.Open(forged, "context", kStart)) << i;
  }
}

TEST(TicketKeysTest, NothingShorterThanATicketOpens) {
  TicketKeys keys(kPeriod);
  const std::string ticket = keys.Seal("", "context", kStart);
  EXPECT_EQ(keys.Open(ticket, "context", kStart), "");
  for (size_t size = 0; size < ticket.size(); ++size) {
    EXPECT_FALSE(keys.Open(ticket.substr(0, size), "context", kStart)) << size;
  }
}

TEST(TicketKeysTest, ATicketOpensForAPeriodWhateverKeySealedIt) {
  TicketKeys keys(kPeriod);
  const std::string ticket = keys.Seal("first", "context", kStart);
  // Sealed at the very end of the first key's period.
  const std::string late = keys.Seal("late", "context", kStart + kPeriod - 1);
  const std::string next = keys.Seal("next", "context", kStart + kPeriod);
  EXPECT_NE(next.substr(0, 16), late.substr(0, 16)) << "the key was replaced";
  EXPECT_EQ(keys.Open(late, "context", kStart + 2 * kPeriod - 1), "late");
  EXPECT_EQ(keys.Open(next, "context", kStart + 2 * kPeriod - 1), "next");
}

TEST(TicketKeysTest, AKeyIsGoneAfterTwoPeriods) {
  TicketKeys keys(kPeriod);
  const std::string ticket = keys.Seal("a session", "context", kStart);
  (void)keys.Seal("x", "context", kStart + kPeriod);
  EXPECT_FALSE(keys.Open(ticket, "context", kStart + 2 * kPeriod));
}

TEST(TicketKeysTest, AKeyIsGoneAfterTwoPeriodsWithoutAnyTraffic) {
  TicketKeys keys(kPeriod);
  const std::string ticket = keys.Seal("a session", "context", kStart);
  EXPECT_FALSE(keys.Open(ticket, "context", kStart + 2 * kPeriod));
}

TEST(TicketKeysTest, ManyThreadsSealAndOpenWhileKeysAreReplaced) {
  TicketKeys keys(10);
  std::atomic<int> opened{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      for (int64_t now = kStart; now < kStart + 2000; ++now) {
        if (keys.Open(keys.Seal("a session", "context", now), "context", now)) ++opened;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_GT(opened, 0);
}

}  // namespace
}  // namespace mantlet::tls
