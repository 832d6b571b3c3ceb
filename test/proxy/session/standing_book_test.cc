#include "proxy/session/standing_book.h"

#include <functional>
#include <memory>
#include <vector>

#include "gtest/gtest.h"
#include "test/proxy/io/loop_driver.h"

namespace mantlet::session {
namespace {

class StandingBookTest : public testing::Test {
 protected:
  struct Connection final : StandingBook::Member {
    void OnStandingDue() override {
      ++judged;
      if (on_due) on_due();
    }
    int judged = 0;
    std::function<void()> on_due;
  };

  int64_t now() const { return clock_.WallSeconds(); }

  io::Loop loop_;
  base::ManualClock clock_;
  StandingBook book_{loop_, clock_};
};

TEST_F(StandingBookTest, NothingIsJudgedBeforeItsMoment) {
  Connection connection;
  book_.SetDue(connection, now() + 60);
  clock_.AdvanceMs(59'999);
  book_.Look();
  EXPECT_EQ(connection.judged, 0);
  clock_.AdvanceMs(1);
  book_.Look();
  EXPECT_EQ(connection.judged, 1);
  EXPECT_EQ(book_.size(), 0u);
  EXPECT_EQ(connection.due(), StandingBook::kNever);
}

TEST_F(StandingBookTest, WhatIsDueNowIsJudgedInATurnOfItsOwn) {
  Connection connection;
  book_.SetDue(connection, StandingBook::kNow);
  EXPECT_EQ(connection.judged, 0) << "not from inside the call";
  EXPECT_TRUE(io::RunUntil(loop_, [&] { return connection.judged == 1; }));
}

TEST_F(StandingBookTest, TheLoopWakesUpForTheEarliestMoment) {
  Connection later, sooner;
  book_.SetDue(later, now() + 3600);
  book_.SetDue(sooner, now() + 1);
  clock_.AdvanceMs(1000);
  EXPECT_TRUE(io::RunUntil(loop_, [&] { return sooner.judged == 1; }));
  EXPECT_EQ(later.judged, 0);
}

TEST_F(StandingBookTest, AWallClockThatWasSetForwardIsNoticed) {
  Connection connection;
  book_.SetDue(connection, now() + 365 * 24 * 3600);
  clock_.SetWallSeconds(now() + 366 * 24 * 3600);
  EXPECT_TRUE(io::RunUntil(loop_, [&] { return connection.judged == 1; }));
}

TEST_F(StandingBookTest, TheLastMomentSetCounts) {
  Connection connection;
  book_.SetDue(connection, StandingBook::kNow);
  book_.SetDue(connection, now() + 60);
  book_.Look();
  EXPECT_EQ(connection.judged, 0);
  book_.SetDue(connection, StandingBook::kNever);
  clock_.AdvanceMs(3'600'000);
  book_.Look();
  EXPECT_EQ(connection.judged, 0);
  EXPECT_EQ(book_.size(), 0u);
}

TEST_F(StandingBookTest, AMemberMaySetItsNextMomentAndOthersMayGo) {
  Connection first, second;
  first.on_due = [&] { book_.SetDue(first, now() + 10); };
  second.on_due = [&] { book_.SetDue(second, StandingBook::kNever); };
  book_.SetDue(first, StandingBook::kNow);
  book_.SetDue(second, StandingBook::kNow);
  book_.Look();
  EXPECT_EQ(first.judged + second.judged, 2);
  EXPECT_EQ(book_.size(), 1u);
  EXPECT_EQ(first.due(), now() + 10);
}

TEST_F(StandingBookTest, ManyAreJudgedInSlicesWithTurnsOfTheLoopBetween) {
  std::vector<std::unique_ptr<Connection>> all;
  int judged = 0;
  for (int i = 0; i < 100; ++i) {
    Connection& connection = *all.emplace_back(std::make_unique<Connection>());
    connection.on_due = [&] {
      ++judged;
      clock_.AdvanceUs(500);  // what a verification may take
    };
    book_.SetDue(connection, StandingBook::kNow);
  }
  book_.Look();
  EXPECT_EQ(judged, 4) << "two milliseconds' worth";
  int turns = 0;
  while (judged < 100 && turns < 1000) {
    ++turns;
    uv_run(loop_.uv(), UV_RUN_NOWAIT);
  }
  EXPECT_EQ(judged, 100);
  EXPECT_GE(turns, 20);
}

}  // namespace
}  // namespace mantlet::session
