#include "proxy/io/loop.h"

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

TEST(Loop, DeferredTasksRunInTheSameTurnAfterTheirCallback) {
  Loop loop;
  std::string order;
  loop.Post([&] {
    loop.Defer([&order] { order += "deferred "; });
    order += "task ";
  });
  loop.Post([&order] { order += "next-task "; });
  RunUntil(loop, [&order] { return order.find("deferred") != std::string::npos; });
  EXPECT_EQ(order, "task next-task deferred ");
}

TEST(Loop, WhatADeferredTaskDefersRunsInTheSameTurnToo) {
  std::vector<std::string> order;
  Loop loop;  // its destruction ends a last turn
  loop.SetTurnEnd([&order] {
    if (!order.empty() && order.back() != "end") order.push_back("end");
  });
  loop.Post([&] {
    loop.Defer([&] {
      order.push_back("first");
      loop.Defer([&order] { order.push_back("second"); });
    });
  });
  RunUntil(loop, [&order] { return order.size() >= 3; });
  EXPECT_THAT(order, ElementsAre("first", "second", "end"));
}

struct Noisy {
  explicit Noisy(std::string* log) : log(log) {}
  ~Noisy() { *log += "gone "; }
  std::string* log;
};

TEST(Loop, ARetiredObjectOutlivesTheCallbackThatRetiresIt) {
  Loop loop;
  std::string log;
  loop.Post([&] {
    loop.Retire(std::make_unique<Noisy>(&log));
    loop.Defer([&log] { log += "deferred "; });
    log += "callback ";
  });
  RunUntil(loop, [&log] { return log.find("gone") != std::string::npos; });
  EXPECT_EQ(log, "callback deferred gone ");
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
    uv_idle_t* handle;
    std::string* log;
  };
  Loop loop;
  auto end_something = [&] {
    loop.AfterTurn([&log] { log += "after "; });
    auto* handle = new uv_idle_t;
    uv_idle_init(loop.uv(), handle);
    loop.Retire(std::unique_ptr<Closes>(new Closes{handle, &log}));
    log += "ended ";
  };
  auto is_after = [&log] { return log.find("after") != std::string::npos; };
  // From an event's callback.
  loop.Post(end_something);
  ASSERT_TRUE(RunUntil(loop, is_after));
  EXPECT_EQ(log, "ended closed after ");
  // From a timer's, which runs before the poll.
  log.clear();
  base::FunctionTimer timer(end_something);
  loop.ArmIn(timer, 1);
  ASSERT_TRUE(RunUntil(loop, is_after));
  EXPECT_EQ(log, "ended closed after ");
}

TEST(Loop, WhatComesAfterTheTurnDoesNotWaitForAnotherEvent) {
  Loop loop;
  base::FunctionTimer timer([&] { loop.AfterTurn([&] { loop.Stop(); }); });
  loop.ArmIn(timer, 1);
  loop.Run();  // returns only because the task ran
}

struct Chain {
  ~Chain() {
    if (depth > 0) loop->Retire(std::make_unique<Chain>(loop, depth - 1, gone));
    ++*gone;
  }
  Chain(Loop* on, int more, int* count) : loop(on), depth(more), gone(count) {}
  Loop* loop;
  int depth;
  int* gone;
};

TEST(Loop, AnObjectMayRetireAnotherWhileItIsDestroyed) {
  Loop loop;
  int gone = 0;
  loop.Post([&] { loop.Retire(std::make_unique<Chain>(&loop, 3, &gone)); });
  EXPECT_TRUE(RunUntil(loop, [&gone] { return gone == 4; }));
}

TEST(Loop, FreesRetiredObjectsThoughItNeverRuns) {
  std::string log;
  {
    Loop loop;
    loop.Retire(std::make_unique<Noisy>(&log));
  }
  EXPECT_EQ(log, "gone ");
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
  base::FunctionTimer timer([&] {
    loop.Defer([&] {
      ran = true;
      loop.Stop();
    });
  });
  loop.ArmIn(timer, 1);
  loop.Run();  // returns only because the deferred task ran
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
