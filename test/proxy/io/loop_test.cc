#include "proxy/io/loop.h"

#include <chrono>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "test/proxy/io/loop_driver.h"

namespace mantlet::io {
namespace {

using testing::ElementsAre;

TEST(Loop, RunsTasksPostedFromAnotherThreadInOrder) {
  Loop loop;
  std::vector<int> seen;
  std::thread other([&loop, &seen] {
    for (int i = 0; i < 100; ++i) loop.Post([&seen, i] { seen.push_back(i); });
    loop.Stop();
  });
  loop.Run();
  other.join();
  ASSERT_EQ(seen.size(), 100u);
  for (int i = 0; i < 100; ++i) EXPECT_EQ(seen[i], i);
}

TEST(Loop, PostedTasksRunOnTheThreadThatRuns) {
  Loop loop;
  std::thread::id ran_on;
  std::thread runner([&loop] { loop.Run(); });
  const std::thread::id expected = runner.get_id();
  loop.Post([&ran_on] { ran_on = std::this_thread::get_id(); });
  loop.Stop();
  runner.join();
  EXPECT_EQ(ran_on, expected);
}

TEST(Loop, DropsWhatIsPostedAfterItHasStopped) {
  auto loop = std::make_unique<Loop>();
  loop->Stop();
  loop->Run();
  bool ran = false;
  loop->Post([&ran] { ran = true; });
  loop.reset();
  EXPECT_FALSE(ran);
}

TEST(Loop, DeferredCallsComeInTheSameTurnAfterTheirCallback) {
  Loop loop;
  std::string order;
  DeferredCall deferred(loop, [&order] { order += "deferred "; });
  loop.Post([&] {
    deferred.Schedule();
    order += "task ";
  });
  loop.Post([&order] { order += "next-task "; });
  RunUntil(loop, [&order] { return order.find("deferred") != std::string::npos; });
  EXPECT_EQ(order, "task next-task deferred ");
}

TEST(Loop, ADeferredCallComesOnceHoweverOftenItIsScheduled) {
  Loop loop;
  int calls = 0;
  DeferredCall deferred(loop, [&calls] { ++calls; });
  for (int i = 0; i < 3; ++i) deferred.Schedule();
  EXPECT_TRUE(deferred.scheduled());
  RunReady(loop);
  EXPECT_EQ(calls, 1);
  EXPECT_FALSE(deferred.scheduled());
  deferred.Schedule();
  RunReady(loop);
  EXPECT_EQ(calls, 2);
}

TEST(Loop, NoDeferredCallComesAfterItsOwnersEnd) {
  using When = DeferredCall::When;
  Loop loop;
  std::string log;
  for (When when : {When::kTurnEnd, When::kNextTurn, When::kAfterTurn}) {
    auto destroyed = std::make_unique<DeferredCall>(loop, [&log] { log += "destroyed "; }, when);
    DeferredCall cancelled(loop, [&log] { log += "cancelled "; }, when);
    // Another call, which runs just before it, destroys it.
    std::unique_ptr<DeferredCall> second;
    DeferredCall first(
        loop,
        [&] {
          log += "first ";
          second.reset();
        },
        when);
    second = std::make_unique<DeferredCall>(loop, [&log] { log += "second "; }, when);
    destroyed->Schedule();
    cancelled.Schedule();
    first.Schedule();
    second->Schedule();
    destroyed.reset();
    cancelled.Cancel();
    EXPECT_TRUE(RunUntil(loop, [&first] { return !first.scheduled(); }));
    RunReady(loop);
  }
  EXPECT_EQ(log, "first first first ");
}

TEST(Loop, ADeferredCallMayOutliveItsLoopUncalled) {
  auto loop = std::make_unique<Loop>();
  int calls = 0;
  DeferredCall next_turn(*loop, [&calls] { ++calls; }, DeferredCall::When::kNextTurn);
  next_turn.Schedule();
  loop->Stop();
  loop.reset();
  next_turn.Cancel();
}

TEST(Loop, ACallForTheNextTurnLetsOthersGoFirst) {
  Loop loop;
  std::string order;
  int again = 2;
  DeferredCall next_turn(
      loop,
      [&] {
        order += "next-turn ";
        if (--again > 0) next_turn.Schedule();
      },
      DeferredCall::When::kNextTurn);
  DeferredCall turn_end(loop, [&order] { order += "turn-end "; });
  loop.Post([&] {
    next_turn.Schedule();
    turn_end.Schedule();
  });
  ASSERT_TRUE(RunUntil(loop, [&again] { return again == 0; }));
  EXPECT_TRUE(order.starts_with("next-turn turn-end ") || order.starts_with("turn-end next-turn "))
      << order;
  EXPECT_TRUE(order.ends_with("next-turn ")) << order;
}

TEST(Loop, WhatADeferredCallDefersComesInTheSameTurnToo) {
  std::vector<std::string> order;
  Loop loop;  // its destruction ends a last turn
  loop.SetTurnEnd([&order] {
    if (!order.empty() && order.back() != "end") order.push_back("end");
  });
  DeferredCall second(loop, [&order] { order.push_back("second"); });
  DeferredCall first(loop, [&] {
    order.push_back("first");
    second.Schedule();
  });
  loop.Post([&first] { first.Schedule(); });
  RunUntil(loop, [&order] { return order.size() >= 3; });
  EXPECT_THAT(order, ElementsAre("first", "second", "end"));
}

struct Noisy {
  explicit Noisy(std::string* log) : log(log) {}
  ~Noisy() { *log += "gone "; }
  void OnDeferDelete() { *log += "retired "; }
  std::string* log;
};

TEST(Loop, ARetiredObjectOutlivesTheCallbackThatRetiresIt) {
  Loop loop;
  std::string log;
  DeferredCall deferred(loop, [&log] { log += "deferred "; });
  loop.Post([&] {
    loop.DeferDelete(std::make_unique<Noisy>(&log));
    deferred.Schedule();
    log += "callback ";
  });
  RunUntil(loop, [&log] { return log.find("gone") != std::string::npos; });
  EXPECT_EQ(log, "retired callback deferred gone ") << "but it is silenced at once";
}

TEST(Loop, WhatComesAfterTheTurnFindsAllThatItEndedFreed) {
  std::string log;
  struct Closes {
    ~Closes() {
      handle->data = log;
      uv_close(reinterpret_cast<uv_handle_t*>(handle), [](uv_handle_t* h) {
        *static_cast<std::string*>(h->data) += "closed ";
        delete reinterpret_cast<uv_idle_t*>(h);
      });
    }
    void OnDeferDelete() {}
    uv_idle_t* handle;
    std::string* log;
  };
  Loop loop;
  DeferredCall after(loop, [&log] { log += "after "; }, DeferredCall::When::kAfterTurn);
  auto end_something = [&] {
    after.Schedule();
    auto* handle = new uv_idle_t;
    uv_idle_init(loop.uv(), handle);
    loop.DeferDelete(std::unique_ptr<Closes>(new Closes{handle, &log}));
    log += "ended ";
  };
  auto is_after = [&log] { return log.find("after") != std::string::npos; };
  // From the callback of an event.
  loop.Post(end_something);
  ASSERT_TRUE(RunUntil(loop, is_after));
  EXPECT_EQ(log, "ended closed after ");
  // From the callback of a timer, which runs before the poll.
  log.clear();
  base::FunctionTimer timer(end_something);
  loop.ArmIn(timer, 1);
  ASSERT_TRUE(RunUntil(loop, is_after));
  EXPECT_EQ(log, "ended closed after ");
}

TEST(Loop, WhatComesAfterTheTurnDoesNotWaitForAnotherEvent) {
  Loop loop;
  DeferredCall after(loop, [&loop] { loop.Stop(); }, DeferredCall::When::kAfterTurn);
  base::FunctionTimer timer([&after] { after.Schedule(); });
  loop.ArmIn(timer, 1);
  loop.Run();  // returns only because the task ran
}

struct Chain {
  ~Chain() {
    if (depth > 0) loop->DeferDelete(std::make_unique<Chain>(loop, depth - 1, gone));
    ++*gone;
  }
  void OnDeferDelete() {}
  Chain(Loop* on, int more, int* count) : loop(on), depth(more), gone(count) {}
  Loop* loop;
  int depth;
  int* gone;
};

// A mistake that must not compile: a stream has no OnDeferDelete().
template <typename T>
concept Retirable =
    requires(Loop& loop, std::unique_ptr<T> object) { loop.DeferDelete(std::move(object)); };
struct Silent {};
static_assert(Retirable<Noisy> && !Retirable<Silent>);

TEST(Loop, AnObjectMayRetireAnotherWhileItIsDestroyed) {
  Loop loop;
  int gone = 0;
  loop.Post([&] { loop.DeferDelete(std::make_unique<Chain>(&loop, 3, &gone)); });
  EXPECT_TRUE(RunUntil(loop, [&gone] { return gone == 4; }));
}

TEST(Loop, FreesRetiredObjectsThoughItNeverRuns) {
  std::string log;
  {
    Loop loop;
    loop.DeferDelete(std::make_unique<Noisy>(&log));
  }
  EXPECT_EQ(log, "retired gone ");
}

TEST(Loop, MeasuresHowLongEventsWait) {
  constexpr int64_t kLongMs = 40, kShortMs = 10, kIdleMs = 50;
  Loop loop;
  const auto work = [](int64_t ms) { std::this_thread::sleep_for(std::chrono::milliseconds(ms)); };
  Loop::Turns seen;
  base::FunctionTimer end([&] {
    seen = loop.turns();
    loop.ResetTurns();
    EXPECT_EQ(loop.turns().busy_ms, 0);
    EXPECT_EQ(loop.turns().wait_ms(), 0);
    loop.Stop();
  });
  const auto began = std::chrono::steady_clock::now();
  loop.Post([&] {
    work(kLongMs);
    loop.Post([&] {  // in the next turn
      work(kShortMs);
      loop.ArmIn(end, kIdleMs);
    });
  });
  loop.Run();
  const auto took = std::chrono::duration_cast<std::chrono::milliseconds>(
      std::chrono::steady_clock::now() - began);
  EXPECT_GE(seen.busy_ms, kLongMs + kShortMs - 2);
  EXPECT_LE(seen.busy_ms, took.count() - kIdleMs / 2) << "the loop waited for the timer";
  // An event arrives in the longer turn more probably.
  EXPECT_GE(seen.wait_ms(), (kLongMs + kShortMs) / 2 + 5);
  EXPECT_LE(seen.wait_ms(), seen.busy_ms);
}

TEST(Loop, FiresATimerNotBeforeItsDeadline) {
  Loop loop;
  uv_update_time(loop.uv());
  const int64_t begin = loop.now_ms();
  int64_t fired_at = -1;
  base::FunctionTimer timer([&] { fired_at = loop.now_ms(); });
  loop.ArmIn(timer, 120);
  ASSERT_TRUE(RunUntil(loop, [&fired_at] { return fired_at >= 0; }));
  EXPECT_GE(fired_at - begin, 120);
}

TEST(Loop, ACancelledTimerDoesNotFire) {
  Loop loop;
  bool first = false, second = false;
  base::FunctionTimer cancelled([&first] { first = true; });
  base::FunctionTimer later([&second] { second = true; });
  loop.ArmIn(cancelled, 50);
  loop.ArmIn(later, 150);
  loop.timers().Cancel(cancelled);
  ASSERT_TRUE(RunUntil(loop, [&second] { return second; }));
  EXPECT_FALSE(first);
}

TEST(Loop, WhatATimerDefersDoesNotWaitForAnotherEvent) {
  Loop loop;
  bool ran = false;
  DeferredCall deferred(loop, [&] {
    ran = true;
    loop.Stop();
  });
  base::FunctionTimer timer([&deferred] { deferred.Schedule(); });
  loop.ArmIn(timer, 1);
  loop.Run();  // returns only because the deferred call came
  EXPECT_TRUE(ran);
}

TEST(Loop, TimersThatAreArmedEarlierThanTheOneItSleepsForWakeIt) {
  Loop loop;
  base::FunctionTimer hour([] { ADD_FAILURE() << "an hour has passed"; });
  loop.ArmIn(hour, 3'600'000);
  RunReady(loop);
  bool fired = false;
  base::FunctionTimer soon([&] {
    fired = true;
    loop.Stop();
  });
  loop.ArmIn(soon, 20);
  loop.Run();
  EXPECT_TRUE(fired);
}

}  // namespace
}  // namespace mantlet::io
