#include "proxy/session/revalidation_schedule.h"

#include <functional>
#include <memory>
#include <vector>

#include "gtest/gtest.h"
#include "test/proxy/io/loop_driver.h"

namespace mantlet::session {
namespace {

class RevalidationScheduleTest : public testing::Test {
 protected:
  struct Connection final : RevalidationSchedule::Handler {
    void OnRevalidationDue() override {
      ++validated;
      if (on_due) on_due();
    }
    int validated = 0;
    std::function<void()> on_due;
  };

  int64_t now() const { return clock_.WallSeconds(); }

  io::Loop loop_;
  base::ManualClock clock_;
  RevalidationSchedule book_{loop_, clock_};
};

TEST_F(RevalidationScheduleTest, NoMemberIsCalledBeforeItsTime) {
  Connection connection;
  book_.SetDue(connection, now() + 60);
  clock_.AdvanceMs(59'999);
  book_.RunDue();
  EXPECT_EQ(connection.validated, 0);
  clock_.AdvanceMs(1);
  book_.RunDue();
  EXPECT_EQ(connection.validated, 1);
  EXPECT_EQ(book_.size(), 0u);
  EXPECT_EQ(connection.due(), RevalidationSchedule::kNever);
}

TEST_F(RevalidationScheduleTest, ADueMemberIsCalledInALaterTurn) {
  Connection connection;
  book_.SetDue(connection, RevalidationSchedule::kNow);
  EXPECT_EQ(connection.validated, 0) << "not from inside the call";
  EXPECT_TRUE(io::RunUntil(loop_, [&] { return connection.validated == 1; }));
}

TEST_F(RevalidationScheduleTest, TheLoopWakesUpForTheEarliestMoment) {
  Connection later, sooner;
  book_.SetDue(later, now() + 3600);
  book_.SetDue(sooner, now() + 1);
  clock_.AdvanceMs(1000);
  EXPECT_TRUE(io::RunUntil(loop_, [&] { return sooner.validated == 1; }));
  EXPECT_EQ(later.validated, 0);
}

TEST_F(RevalidationScheduleTest, AWallClockThatWasSetForwardIsNoticed) {
  Connection connection;
  book_.SetDue(connection, now() + 365 * 24 * 3600);
  clock_.SetWallSeconds(now() + 366 * 24 * 3600);
  EXPECT_TRUE(io::RunUntil(loop_, [&] { return connection.validated == 1; }));
}

TEST_F(RevalidationScheduleTest, TheLastMomentSetCounts) {
  Connection connection;
  book_.SetDue(connection, RevalidationSchedule::kNow);
  book_.SetDue(connection, now() + 60);
  book_.RunDue();
  EXPECT_EQ(connection.validated, 0);
  book_.SetDue(connection, RevalidationSchedule::kNever);
  clock_.AdvanceMs(3'600'000);
  book_.RunDue();
  EXPECT_EQ(connection.validated, 0);
  EXPECT_EQ(book_.size(), 0u);
}

TEST_F(RevalidationScheduleTest, AMemberMaySetItsNextMomentAndOthersMayGo) {
  Connection first, second;
  first.on_due = [&] { book_.SetDue(first, now() + 10); };
  second.on_due = [&] { book_.SetDue(second, RevalidationSchedule::kNever); };
  book_.SetDue(first, RevalidationSchedule::kNow);
  book_.SetDue(second, RevalidationSchedule::kNow);
  book_.RunDue();
  EXPECT_EQ(first.validated + second.validated, 2);
  EXPECT_EQ(book_.size(), 1u);
  EXPECT_EQ(first.due(), now() + 10);
}

TEST_F(RevalidationScheduleTest, ManyMembersAreValidatedInSlicesOverSeveralTurns) {
  std::vector<std::unique_ptr<Connection>> all;
  int validated = 0;
  for (int i = 0; i < 100; ++i) {
    Connection& connection = *all.emplace_back(std::make_unique<Connection>());
    connection.on_due = [&] {
      ++validated;
      clock_.AdvanceUs(500);  // the cost of a verification
    };
    book_.SetDue(connection, RevalidationSchedule::kNow);
  }
  book_.RunDue();
  EXPECT_EQ(validated, 4) << "two milliseconds' worth";
  int turns = 0;
  while (validated < 100 && turns < 1000) {
    ++turns;
    uv_run(loop_.uv(), UV_RUN_NOWAIT);
  }
  EXPECT_EQ(validated, 100);
  EXPECT_GE(turns, 20);
}

}  // namespace
}  // namespace mantlet::session
