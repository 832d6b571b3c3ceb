#include "proxy/upstream/pool.h"

#include <sys/socket.h>

#include <memory>
#include <utility>
#include <vector>

#include "gtest/gtest.h"
#include "test/proxy/upstream/pool_fixture.h"

namespace mantlet::upstream {
namespace {

using base::ErrorReason;
using config::Milliseconds;
using io::RunReady;
using io::RunUntil;

io::SocketAddress Missing() { return io::SocketAddress::Unix("/nowhere/nobody.sock").value(); }

TEST_F(PoolTest, ConnectsForAWaiter) {
  auto connection = Connect();
  EXPECT_EQ(upstream_.peers.size(), 1u);
  EXPECT_EQ(Gauge("active"), "1");
  Return(std::move(connection));
  EXPECT_EQ(Gauge("active"), "0");
  EXPECT_EQ(Gauge("idle"), "1");
}

TEST_F(PoolTest, ReusesTheMostRecentlyReturnedConnectionFirst) {
  auto first = Connect();
  auto second = Connect();
  http::RequestWriter* first_raw = first.operator->();
  http::RequestWriter* second_raw = second.operator->();
  Return(std::move(first));
  Return(std::move(second));
  auto taken = pool().TakeIdle(Pool::Request::kRepeatable);
  auto then = pool().TakeIdle(Pool::Request::kRepeatable);
  EXPECT_EQ(taken.operator->(), second_raw);
  EXPECT_EQ(then.operator->(), first_raw);
  EXPECT_FALSE(pool().TakeIdle(Pool::Request::kRepeatable));
  EXPECT_EQ(upstream_.peers.size(), 2u) << "nothing new was opened";
  Discard(std::move(taken));
  Discard(std::move(then));
}

TEST_F(PoolTest, OpensNoMoreConnectionsThanItsLimit) {
  target_->config.pool.connections = 1;
  auto only = Connect();
  RecordingWaiter waiter;
  ASSERT_TRUE(pool().Wait(&waiter));
  RunReady(loop_);
  EXPECT_EQ(waiter.calls, 0);
  EXPECT_EQ(upstream_.peers.size(), 1u);
  http::RequestWriter* raw = only.operator->();
  Return(std::move(only));
  EXPECT_EQ(waiter.connection.operator->(), raw) << "the one that waits gets the one that is free";
  Discard(std::move(waiter.connection));
}

TEST_F(PoolTest, ServesWaitersInOrder) {
  target_->config.pool.connections = 1;
  auto only = Connect();
  RecordingWaiter waiters[3];
  for (auto& waiter : waiters) ASSERT_TRUE(pool().Wait(&waiter));
  Return(std::move(only));
  for (int i = 0; i < 3; ++i) {
    ASSERT_TRUE(waiters[i].connection) << i;
    if (i < 2) {
      EXPECT_EQ(waiters[i + 1].calls, 0);
    }
    Return(std::move(waiters[i].connection));
  }
  EXPECT_EQ(pool().idle(), 1u);
}

TEST_F(PoolTest, AConnectionThatCannotBeUsedAgainMakesRoomForANewOne) {
  target_->config.pool.connections = 1;
  auto only = Connect();
  RecordingWaiter waiter;
  ASSERT_TRUE(pool().Wait(&waiter));
  Discard(std::move(only));
  ASSERT_TRUE(Served(waiter));
  EXPECT_EQ(upstream_.peers.size(), 2u);
  Return(std::move(waiter.connection));
}

TEST_F(PoolTest, RefusesOnceAsManyWaitAsMayWait) {
  target_->config.pool.connections = 1;
  target_->config.pool.pending = 2;
  auto only = Connect();
  RecordingWaiter waiters[3];
  EXPECT_TRUE(pool().Wait(&waiters[0]));
  EXPECT_TRUE(pool().Wait(&waiters[1]));
  EXPECT_FALSE(pool().Wait(&waiters[2]));
  pool().CancelWait(&waiters[0]);
  EXPECT_TRUE(pool().Wait(&waiters[2]));
  pool().CancelWait(&waiters[1]);
  pool().CancelWait(&waiters[2]);
  Return(std::move(only));
  EXPECT_EQ(waiters[0].calls + waiters[1].calls + waiters[2].calls, 0);
}

TEST_F(PoolTest, AFailureToConnectFailsTheOldestWaiter) {
  target_->addresses = {Missing()};
  target_->config.pool.connections = 1;
  RecordingWaiter first, second;
  ASSERT_TRUE(pool().Wait(&first));
  ASSERT_TRUE(pool().Wait(&second));
  int second_calls_then = -1;
  first.on_call = [&] { second_calls_then = second.calls; };
  ASSERT_TRUE(Served(first));
  EXPECT_EQ(second_calls_then, 0);
  ASSERT_TRUE(first.error.has_value());
  EXPECT_EQ(first.error->reason, ErrorReason::kConnectRefused);
  ASSERT_TRUE(Served(second)) << "the next one's turn comes without another event";
  EXPECT_TRUE(second.error.has_value());
  EXPECT_EQ(Gauge("connecting"), "0");
}

TEST_F(PoolTest, TriesTheNextAddressIfOneRefuses) {
  target_->addresses = {Missing(), Missing(), upstream_.address()};
  auto connection = Connect();
  EXPECT_EQ(upstream_.peers.size(), 1u);
  EXPECT_EQ(Gauge("connecting"), "0");
  Discard(std::move(connection));
}

TEST_F(PoolTest, FailsOnceEveryAddressHasRefused) {
  target_->addresses = {Missing(), Missing()};
  RecordingWaiter waiter;
  ASSERT_TRUE(pool().Wait(&waiter));
  ASSERT_TRUE(Served(waiter));
  EXPECT_TRUE(waiter.error.has_value());
  RunReady(loop_);
  EXPECT_EQ(waiter.calls, 1);
}

TEST_F(PoolTest, AnUpstreamThatDoesNotAnswerIsAConnectTimeout) {
  // A listener whose queue is full: the kernel leaves further SYNs unanswered.
  io::FileDescriptor silent(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  io::SocketAddress address = io::SocketAddress::Resolve("127.0.0.1", 0).value().front();
  ASSERT_EQ(bind(silent.get(), address.data(), address.size()), 0);
  ASSERT_EQ(listen(silent.get(), 0), 0);
  address = io::LocalAddress(silent.get()).value();
  io::FileDescriptor fill(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  ASSERT_EQ(connect(fill.get(), address.data(), address.size()), 0);

  target_->addresses = {address};
  target_->config.timeouts.connect = Milliseconds(150);
  RecordingWaiter waiter;
  ASSERT_TRUE(pool().Wait(&waiter));
  ASSERT_TRUE(Served(waiter));
  ASSERT_TRUE(waiter.error.has_value());
  EXPECT_EQ(waiter.error->reason, ErrorReason::kConnectTimeout);
  EXPECT_EQ(Gauge("connecting"), "0");
}

TEST_F(PoolTest, AWaiterMayAskAgainFromInsideItsFailure) {
  target_->addresses = {Missing()};
  RecordingWaiter waiter;
  waiter.on_call = [&] {
    if (waiter.calls < 3) {
      EXPECT_TRUE(pool().Wait(&waiter));
    }
  };
  ASSERT_TRUE(pool().Wait(&waiter));
  EXPECT_TRUE(RunUntil(loop_, [&] { return waiter.calls == 3; }));
}

TEST_F(PoolTest, KeepsAConnectionThatArrivesWithoutAWaiter) {
  RecordingWaiter waiter;
  ASSERT_TRUE(pool().Wait(&waiter));
  pool().CancelWait(&waiter);
  ASSERT_TRUE(RunUntil(loop_, [&] { return pool().idle() == 1; }));
  EXPECT_EQ(waiter.calls, 0);
  EXPECT_EQ(Gauge("active"), "0");
  EXPECT_EQ(Gauge("idle"), "1");
}

TEST_F(PoolTest, ClosesAnIdleConnectionAfterItsTime) {
  target_->config.timeouts.idle = Milliseconds(60);
  Return(Connect());
  ASSERT_EQ(pool().idle(), 1u);
  ASSERT_TRUE(RunUntil(loop_, [&] { return upstream_.peers[0]->handler.ends == 1; }));
  EXPECT_EQ(pool().idle(), 0u);
  EXPECT_EQ(Gauge("idle"), "0");
}

TEST_F(PoolTest, DropsAnIdleConnectionThatSendsUnrequestedBytes) {
  Return(Connect());
  upstream_.peers[0]->Say("HTTP/1.1 408 Request Timeout\r\nConnection: close\r\n\r\n");
  ASSERT_TRUE(RunUntil(loop_, [&] { return pool().idle() == 0; }));
  EXPECT_FALSE(pool().TakeIdle(Pool::Request::kRepeatable));
  EXPECT_EQ(Gauge("idle"), "0");
}

TEST_F(PoolTest, DropsAnIdleConnectionThatTheUpstreamCloses) {
  Return(Connect());
  upstream_.peers[0]->Hang();
  EXPECT_TRUE(RunUntil(loop_, [&] { return pool().idle() == 0; }));
}

TEST_F(PoolTest, ClosesIdleConnectionsBeyondItsLimitOnceTheyAreUnused) {
  target_->config.pool.idle_connections = 1;
  target_->config.timeouts.idle = Milliseconds(60'000);
  auto first = Connect();
  auto second = Connect();
  Return(std::move(first));
  Return(std::move(second));
  EXPECT_EQ(pool().idle(), 2u) << "not at once: they may be wanted again";
  EXPECT_TRUE(RunUntil(loop_, [&] { return upstream_.peers[0]->handler.ends == 1; }));
  EXPECT_EQ(pool().idle(), 1u);
  EXPECT_EQ(Gauge("active"), "0");
  EXPECT_EQ(Gauge("idle"), "1");
}

TEST_F(PoolTest, OpensNothingUnderSteadyLoadHoweverManyAreInUse) {
  target_->config.pool.idle_connections = 2;
  std::vector<Lease> in_use;
  for (int i = 0; i < 8; ++i) in_use.push_back(Connect());
  for (int round = 0; round < 50; ++round) {
    for (auto& connection : in_use) Return(std::move(connection));
    RunReady(loop_);
    for (auto& connection : in_use) {
      connection = pool().TakeIdle(Pool::Request::kRepeatable);
      ASSERT_TRUE(connection);
    }
  }
  EXPECT_EQ(upstream_.peers.size(), 8u);
  for (auto& connection : in_use) Discard(std::move(connection));
}

TEST_F(PoolTest, KeepsNoConnectionIfNoneMayBeIdle) {
  target_->config.pool.idle_connections = 0;
  Return(Connect());
  EXPECT_EQ(pool().idle(), 0u);
  EXPECT_TRUE(RunUntil(loop_, [&] { return upstream_.peers[0]->handler.ends == 1; }));
}

TEST_F(PoolTest, AnUnrepeatableRequestGetsOnlyARecentlyUsedConnection) {
  target_->config.timeouts.idle = Milliseconds(60'000);
  target_->config.pool.connections = 1;
  Return(Connect());
  auto just_now = pool().TakeIdle(Pool::Request::kOnce);
  ASSERT_TRUE(just_now);
  Return(std::move(just_now));
  uv_update_time(loop_.uv());
  const int64_t then = loop_.now_ms();
  ASSERT_TRUE(RunUntil(loop_, [&] { return loop_.now_ms() > then + Pool::kFreshMs; }));
  EXPECT_EQ(pool().idle(), 1u);
  EXPECT_FALSE(pool().TakeIdle(Pool::Request::kOnce));
  RecordingWaiter waiter;
  ASSERT_TRUE(pool().Wait(&waiter));
  ASSERT_TRUE(Served(waiter)) << "an idle connection makes room for a new one";
  EXPECT_EQ(upstream_.peers.size(), 2u);
  Discard(std::move(waiter.connection));
}

TEST_F(PoolTest, AnUnrepeatableRequestGetsNoEndedConnection) {
  Return(Connect());
  Return(Connect());
  for (const auto& peer : upstream_.peers) peer->Hang();
  // The ends have arrived, but the loop has not reported them yet.
  EXPECT_FALSE(pool().TakeIdle(Pool::Request::kOnce));
  EXPECT_EQ(Gauge("idle"), "0");
  Return(Connect());
  upstream_.peers.back()->Say("HTTP/1.1 408 Request Timeout\r\n\r\n");
  EXPECT_FALSE(pool().TakeIdle(Pool::Request::kOnce)) << "nor one that says something";
}

TEST_F(PoolTest, AWaitingUnrepeatableRequestGetsNoEndedConnection) {
  target_->config.pool.connections = 1;
  auto only = Connect();
  RecordingWaiter waiter;
  ASSERT_TRUE(pool().Wait(&waiter, Pool::Request::kOnce));
  upstream_.peers[0]->Hang();
  Return(std::move(only));
  ASSERT_TRUE(Served(waiter));
  ASSERT_TRUE(waiter.connection);
  EXPECT_EQ(upstream_.peers.size(), 2u) << "a connection that can answer";
  EXPECT_EQ(Gauge("active"), "1");
  Discard(std::move(waiter.connection));
}

TEST_F(PoolTest, AWaiterGetsAReturnedConnectionThatIsOpen) {
  target_->config.pool.connections = 1;
  for (const auto request : {Pool::Request::kOnce, Pool::Request::kRepeatable}) {
    auto only = pool().TakeIdle(request);
    if (!only) only = Connect();
    http::RequestWriter* const raw = only.operator->();
    RecordingWaiter waiter;
    ASSERT_TRUE(pool().Wait(&waiter, request));
    Return(std::move(only));
    EXPECT_EQ(waiter.connection.operator->(), raw) << "at once";
    Return(std::move(waiter.connection));
  }
  EXPECT_EQ(upstream_.peers.size(), 1u);
}

// ---- deadlines of waiters

TEST_F(PoolTest, AWaiterForAConnectionInUseExpires) {
  target_->config.pool.connections = 1;
  target_->config.timeouts.queue = Milliseconds(100);
  target_->config.timeouts.connect = Milliseconds(60'000);
  auto only = Connect();
  RecordingWaiter first, second;
  int second_calls_then = -1;
  first.on_call = [&] { second_calls_then = second.calls; };
  uv_update_time(loop_.uv());
  const int64_t began = loop_.now_ms();
  ASSERT_TRUE(pool().Wait(&first));
  ASSERT_TRUE(pool().Wait(&second));
  ASSERT_TRUE(Served(second));
  EXPECT_GE(loop_.now_ms() - began, 100);
  EXPECT_EQ(second_calls_then, 0) << "one after the other";
  ASSERT_TRUE(first.error.has_value() && second.error.has_value());
  EXPECT_EQ(first.error->reason, ErrorReason::kTimeoutQueue);
  EXPECT_NE(first.error->detail.find("timeouts.queue"), std::string::npos);
  Return(std::move(only));
  EXPECT_EQ(pool().idle(), 1u);
}

TEST_F(PoolTest, AnExpiredWaiterMayWaitAgainAndReleaseThePool) {
  target_->config.pool.connections = 1;
  target_->config.timeouts.queue = Milliseconds(20);
  auto only = Connect();
  RecordingWaiter again, last;
  again.on_call = [&] {
    if (again.calls < 3) {
      EXPECT_TRUE(pool().Wait(&again));
    }
  };
  ASSERT_TRUE(pool().Wait(&again));
  EXPECT_TRUE(RunUntil(loop_, [&] { return again.calls == 3; }));
  last.on_call = [&] { pool_.reset(); };
  ASSERT_TRUE(pool().Wait(&last));
  ASSERT_TRUE(Served(last));
  only.Release();
}

TEST_F(PoolTest, ADestroyedWaiterLeavesTheQueue) {
  target_->config.pool.connections = 1;
  auto only = Connect();
  {
    RecordingWaiter gone;
    ASSERT_TRUE(pool().Wait(&gone));
  }
  Return(std::move(only));
  EXPECT_EQ(pool().idle(), 1u);
}

// A TCP listener whose queue is full: the kernel leaves further SYNs unanswered.
class SilentPoolTest : public PoolTest {
 protected:
  SilentPoolTest() {
    address_ = io::SocketAddress::Resolve("127.0.0.1", 0).value().front();
    EXPECT_EQ(bind(silent_.get(), address_.data(), address_.size()), 0);
    EXPECT_EQ(listen(silent_.get(), 0), 0);
    address_ = io::LocalAddress(silent_.get()).value();
    EXPECT_EQ(connect(fill_.get(), address_.data(), address_.size()), 0);
    target_->addresses = {address_};
  }

  io::FileDescriptor silent_{socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
  io::FileDescriptor fill_{socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
  io::SocketAddress address_;
};

TEST_F(SilentPoolTest, AnAttemptOfADestroyedWaiterIsNotInherited) {
  for (uint32_t most : {8u, 1u}) {
    pool_.reset();
    target_->config.pool.connections = most;
    target_->config.timeouts.connect = Milliseconds(600);
    RecordingWaiter left, next;
    uv_update_time(loop_.uv());
    const int64_t began = loop_.now_ms();
    ASSERT_TRUE(pool().Wait(&left));
    ASSERT_TRUE(RunUntil(loop_, [&] { return loop_.now_ms() >= began + 400; }));
    pool().CancelWait(&left);
    const int64_t asked = loop_.now_ms();
    ASSERT_TRUE(pool().Wait(&next));
    ASSERT_TRUE(Served(next));
    ASSERT_TRUE(next.error.has_value());
    EXPECT_EQ(next.error->reason, ErrorReason::kConnectTimeout);
    EXPECT_NE(next.error->detail.find("timeouts.connect"), std::string::npos);
    EXPECT_GE(loop_.now_ms() - asked, 600) << "all of its time, with " << most << " connections";
    EXPECT_EQ(Gauge("connecting"), "0");
  }
}

TEST_F(SilentPoolTest, AWaiterThatInheritsAnAttemptGetsTheFullTime) {
  target_->config.pool.connections = 1;
  target_->config.timeouts.connect = Milliseconds(600);
  RecordingWaiter left, next;
  uv_update_time(loop_.uv());
  const int64_t began = loop_.now_ms();
  ASSERT_TRUE(pool().Wait(&left));
  ASSERT_TRUE(pool().Wait(&next));
  ASSERT_TRUE(RunUntil(loop_, [&] { return loop_.now_ms() >= began + 400; }));
  pool().CancelWait(&left);
  ASSERT_TRUE(Served(next));
  EXPECT_GE(loop_.now_ms() - began, 1000);
  EXPECT_EQ(next.error->reason, ErrorReason::kConnectTimeout);
}

TEST_F(SilentPoolTest, AnAddressThatDoesNotAnswerLeavesTimeForTheNext) {
  target_->addresses = {address_, upstream_.address()};
  target_->config.timeouts.connect = Milliseconds(2000);
  auto connection = Connect();
  ASSERT_TRUE(connection);
  EXPECT_TRUE(RunUntil(loop_, [&] { return upstream_.peers.size() == 1; }));
  Discard(std::move(connection));
  EXPECT_EQ(Gauge("connecting"), "0");
}

TEST_F(SilentPoolTest, SeveralAddressesThatDoNotAnswerHaveTheTimeOfOne) {
  target_->addresses = {address_, address_, address_, address_};
  target_->config.timeouts.connect = Milliseconds(800);
  RecordingWaiter waiter;
  uv_update_time(loop_.uv());
  const int64_t began = loop_.now_ms();
  ASSERT_TRUE(pool().Wait(&waiter));
  ASSERT_TRUE(Served(waiter));
  ASSERT_TRUE(waiter.error.has_value());
  EXPECT_EQ(waiter.error->reason, ErrorReason::kConnectTimeout);
  EXPECT_GE(loop_.now_ms() - began, 800);
  EXPECT_LT(loop_.now_ms() - began, 2 * 800) << "together";
}

TEST_F(SilentPoolTest, AnAddressThatDoesNotAnswerHasTheRestOfTheTimeIfTheOthersRefuse) {
  target_->addresses = {Missing(), address_, Missing()};
  target_->config.timeouts.connect = Milliseconds(800);
  RecordingWaiter waiter;
  uv_update_time(loop_.uv());
  const int64_t began = loop_.now_ms();
  ASSERT_TRUE(pool().Wait(&waiter));
  ASSERT_TRUE(Served(waiter));
  ASSERT_TRUE(waiter.error.has_value());
  EXPECT_EQ(waiter.error->reason, ErrorReason::kConnectTimeout);
  EXPECT_GE(loop_.now_ms() - began, 800);
}

TEST_F(SilentPoolTest, AWaiterWithAnAttemptIsNotInTheQueue) {
  target_->config.timeouts.queue = Milliseconds(50);
  target_->config.timeouts.connect = Milliseconds(400);
  RecordingWaiter waiter;
  ASSERT_TRUE(pool().Wait(&waiter));
  ASSERT_TRUE(Served(waiter));
  EXPECT_EQ(waiter.error->reason, ErrorReason::kConnectTimeout);
}

// A Unix socket whose queue is full: the kernel reports that immediately.
class FullPoolTest : public PoolTest {
 protected:
  FullPoolTest() {
    address_ = io::SocketAddress::Unix(directory_.File("full.sock")).value();
    EXPECT_EQ(bind(full_.get(), address_.data(), address_.size()), 0);
    EXPECT_EQ(listen(full_.get(), 0), 0);
    EXPECT_EQ(connect(fill_.get(), address_.data(), address_.size()), 0);
    target_->addresses = {address_};
  }

  io::TempDirectory directory_;
  io::FileDescriptor full_{socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)};
  io::FileDescriptor fill_{socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)};
  io::SocketAddress address_;
};

TEST_F(FullPoolTest, WaitsForRoomInTheQueueOfAUnixSocket) {
  RecordingWaiter waiter;
  ASSERT_TRUE(pool().Wait(&waiter));
  for (int i = 0; i < 5; ++i) RunReady(loop_);
  EXPECT_EQ(waiter.calls, 0);
  io::FileDescriptor taken(accept(full_.get(), nullptr, nullptr));
  ASSERT_TRUE(Served(waiter));
  ASSERT_TRUE(waiter.connection);
  EXPECT_EQ(Gauge("connecting"), "0");
  Discard(std::move(waiter.connection));
}

TEST_F(FullPoolTest, WaitsForRoomInTheQueueOfAUnixSocketNoLongerThanForAConnection) {
  target_->config.timeouts.connect = Milliseconds(200);
  RecordingWaiter waiter;
  uv_update_time(loop_.uv());
  const int64_t began = loop_.now_ms();
  ASSERT_TRUE(pool().Wait(&waiter));
  ASSERT_TRUE(Served(waiter));
  EXPECT_GE(loop_.now_ms() - began, 200);
  ASSERT_TRUE(waiter.error.has_value());
  EXPECT_EQ(waiter.error->reason, ErrorReason::kConnectTimeout);
  EXPECT_NE(waiter.error->detail.find("queue"), std::string::npos) << waiter.error->detail;
  EXPECT_EQ(Gauge("connecting"), "0");
}

// ---- the end

TEST_F(PoolTest, ARetiredPoolKeepsNothing) {
  auto used = Connect();
  Return(Connect());
  pool().Shutdown();
  EXPECT_EQ(pool().idle(), 0u);
  Return(std::move(used));
  EXPECT_EQ(pool().idle(), 0u);
  EXPECT_TRUE(RunUntil(loop_, [&] {
    return upstream_.peers[0]->handler.ends == 1 && upstream_.peers[1]->handler.ends == 1;
  }));
  EXPECT_EQ(Gauge("active"), "0");
  EXPECT_EQ(Gauge("idle"), "0");
}

TEST_F(PoolTest, ARetiredPoolStillServesTheExchangesThatBeganWithIt) {
  RecordingWaiter waiter;
  ASSERT_TRUE(pool().Wait(&waiter));
  pool().Shutdown();
  ASSERT_TRUE(Served(waiter));
  EXPECT_TRUE(waiter.connection);
  Return(std::move(waiter.connection));
}

TEST_F(PoolTest, ATunnelHoldsItsSlotUntilItEnds) {
  target_->config.pool.connections = 1;
  auto connection = Connect();
  std::unique_ptr<io::ByteStream> tunnel = connection->TakeUpgraded().stream;
  RecordingWaiter waiter;
  ASSERT_TRUE(pool().Wait(&waiter));
  RunReady(loop_);
  EXPECT_EQ(waiter.calls, 0);
  tunnel.reset();
  connection.Release();
  ASSERT_TRUE(Served(waiter));
  Discard(std::move(waiter.connection));
  EXPECT_EQ(Gauge("active"), "0");
}

// ---- an upstream with a name

TEST_F(PoolTest, WaitsForTheFirstAddressesOfAName) {
  auto known = std::make_shared<Target>(*target_);
  target_->addresses.clear();
  RecordingWaiter waiter;
  ASSERT_TRUE(pool().Wait(&waiter));
  RunReady(loop_);
  EXPECT_EQ(waiter.calls, 0);
  pool().SetTarget(known);
  ASSERT_TRUE(Served(waiter));
  ASSERT_TRUE(waiter.connection);
  Return(std::move(waiter.connection));
  EXPECT_EQ(pool().idle(), 1u);
}

TEST_F(PoolTest, NoMoreWaitForAnAddressThanMayWait) {
  target_->addresses.clear();
  target_->config.pool.pending = 1;
  RecordingWaiter first, second;
  ASSERT_TRUE(pool().Wait(&first));
  EXPECT_FALSE(pool().Wait(&second));
}

TEST_F(PoolTest, FailsTheWaitersOfANameWithoutAddress) {
  target_->addresses.clear();
  RecordingWaiter first, second;
  ASSERT_TRUE(pool().Wait(&first));
  ASSERT_TRUE(pool().Wait(&second));
  auto failed = std::make_shared<Target>(*target_);
  failed->unresolved = "there is no such name";
  pool().SetTarget(failed);
  ASSERT_TRUE(Served(second));
  ASSERT_TRUE(first.error.has_value());
  EXPECT_EQ(first.error->reason, ErrorReason::kResolveFailed);
  EXPECT_EQ(first.error->detail, "there is no such name");
  RecordingWaiter third;
  ASSERT_TRUE(pool().Wait(&third));
  EXPECT_EQ(third.calls, 0) << "never from inside Wait";
  EXPECT_TRUE(Served(third));
}

TEST_F(PoolTest, AWaiterMayAskAgainFromInsideItsRefusal) {
  target_->addresses.clear();
  target_->unresolved = "there is no such name";
  RecordingWaiter waiter;
  waiter.on_call = [&] {
    if (waiter.calls < 3) {
      EXPECT_TRUE(pool().Wait(&waiter));
    }
  };
  ASSERT_TRUE(pool().Wait(&waiter));
  EXPECT_TRUE(RunUntil(loop_, [&] { return waiter.calls == 3; }));
}

TEST_F(PoolTest, SurvivesItsEndInsideARefusal) {
  target_->addresses.clear();
  target_->unresolved = "there is no such name";
  RecordingWaiter waiter;
  waiter.on_call = [&] { pool_.reset(); };
  ASSERT_TRUE(pool().Wait(&waiter));
  EXPECT_TRUE(Served(waiter));
}

TEST_F(PoolTest, OtherAddressesEndIdleConnectionsToTheOldOnesOnly) {
  FakeUpstream other(loop_);
  auto busy = Connect();
  Return(Connect());
  auto both = std::make_shared<Target>(*target_);
  both->addresses = {other.address(), upstream_.address()};
  pool().SetTarget(both);
  EXPECT_EQ(pool().idle(), 1u) << "the name still has this address";
  auto moved = std::make_shared<Target>(*target_);
  moved->addresses = {other.address()};
  pool().SetTarget(moved);
  EXPECT_EQ(pool().idle(), 0u);
  RunReady(loop_);
  EXPECT_EQ(upstream_.peers[0]->handler.ends, 0) << "a request under way is not cut";
  Return(std::move(busy));
  EXPECT_EQ(pool().idle(), 0u) << "but its connection is not used again";
  Return(Connect());
  EXPECT_EQ(other.peers.size(), 1u);
  EXPECT_EQ(pool().idle(), 1u);
}

TEST_F(PoolTest, AnAttemptThatFailsAfterTheMoveIsMadeAtTheNewAddress) {
  FakeUpstream other(loop_);
  target_->addresses = {Missing()};
  RecordingWaiter waiter;
  ASSERT_TRUE(pool().Wait(&waiter));
  auto moved = std::make_shared<Target>(*target_);
  moved->addresses = {other.address()};
  pool().SetTarget(moved);
  ASSERT_TRUE(Served(waiter));
  EXPECT_TRUE(waiter.connection);
  Discard(std::move(waiter.connection));
}

TEST_F(PoolTest, ReportsAnUnreachableNameButNotEachTime) {
  target_->addresses = {Missing(), Missing()};
  target_->named = true;
  int reports = 0;
  pool().SetOnUnreachable([&] { ++reports; });
  for (int i = 0; i < 3; ++i) {
    RecordingWaiter waiter;
    ASSERT_TRUE(pool().Wait(&waiter));
    ASSERT_TRUE(Served(waiter));
  }
  EXPECT_EQ(reports, 1);
}

TEST_F(PoolTest, AnAddressOfTheConfigurationIsNotAskedAboutAgain) {
  target_->addresses = {Missing()};
  int reports = 0;
  pool().SetOnUnreachable([&] { ++reports; });
  RecordingWaiter waiter;
  ASSERT_TRUE(pool().Wait(&waiter));
  ASSERT_TRUE(Served(waiter));
  EXPECT_EQ(reports, 0);
}

// A reload releases a pool inside a callback of the loop, while the kernel has reported the end of
// a connection attempt in the same turn.
TEST_F(PoolTest, IgnoresAnAttemptThatEndsInTheTurnOfItsDestruction) {
  io::FileDescriptor listening(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  io::SocketAddress address = io::SocketAddress::Resolve("127.0.0.1", 0).value().front();
  ASSERT_EQ(bind(listening.get(), address.data(), address.size()), 0);
  ASSERT_EQ(listen(listening.get(), 8), 0);
  target_->addresses = {io::LocalAddress(listening.get()).value()};

  for (int attempts : {1, 3}) {
    RecordingWaiter waiters[3];
    // The kernel reports the two in either order in the same turn.
    loop_.Post([&] { pool_.reset(); });
    for (int i = 0; i < attempts; ++i) {
      ASSERT_TRUE(pool().Wait(&waiters[i]));
      pool().CancelWait(&waiters[i]);
    }
    RunReady(loop_);
    EXPECT_EQ(pool_, nullptr);
    EXPECT_EQ(waiters[0].calls, 0);
    EXPECT_EQ(Gauge("connecting"), "0");
  }
}

TEST_F(PoolTest, CountsNothingAfterItsDestruction) {
  Return(Connect());
  target_->config.pool.connections = 8;
  RecordingWaiter waiter;
  ASSERT_TRUE(pool().Wait(&waiter));
  pool().CancelWait(&waiter);
  EXPECT_EQ(Gauge("connecting"), "1");
  pool_.reset();
  RunReady(loop_);
  EXPECT_EQ(waiter.calls, 0);
  EXPECT_EQ(Gauge("connecting"), "0");
  EXPECT_EQ(Gauge("idle"), "0");
}

}  // namespace
}  // namespace mantlet::upstream
