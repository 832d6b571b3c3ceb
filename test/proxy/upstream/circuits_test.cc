// Tests a pool whose connections fail, with a connector without sockets.

#include "proxy/upstream/circuits.h"

#include <algorithm>
#include <memory>
#include <optional>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "test/proxy/upstream/memory_connector.h"
#include "test/proxy/upstream/pool_fixture.h"

namespace mantlet::upstream {
namespace {

using base::ErrorReason;
using io::StreamFailure;
using testing::HasSubstr;

class CircuitsTest : public PoolTest {
 protected:
  CircuitsTest() {
    circuits_->SetOnChange([this](const Circuits::Change& change) { changes_.push_back(change); });
    MakePool(Pool::Protocol::kHttp1);
  }
  void MakePool(Pool::Protocol protocol) {
    pool_ = std::make_shared<Pool>(loop_, memory_, target_, upstream_metrics_,
                                   protocol == Pool::Protocol::kH2c
                                       ? std::make_shared<http2::SessionMemory>(loop_.blocks())
                                       : nullptr,
                                   circuits_);
  }
  // Returns the reason for which a new waiter fails, or nullopt if it gets a connection.
  std::optional<ErrorReason> Failure() {
    RecordingWaiter waiter;
    EXPECT_TRUE(pool().Wait(&waiter));
    EXPECT_EQ(waiter.calls, 0) << "never from inside Wait";
    io::RunReady(loop_);  // without waiting for an event
    EXPECT_TRUE(Served(waiter));
    last_error_ = waiter.error.value_or(base::ProxyError());
    if (!waiter.error) return std::nullopt;
    return waiter.error->reason;
  }
  void Open(StreamFailure failure = StreamFailure::kConnectRefused) {
    memory_.failure = failure;
    for (int i = 0; i < Circuit::kFailures; ++i) EXPECT_NE(Failure(), ErrorReason::kCircuitOpen);
    ASSERT_FALSE(circuits_->PermitsAny());
  }
  bool Closes() {
    memory_.failure.reset();
    return io::RunUntil(loop_, [&] { return circuits_->PermitsAny(); });
  }
  void RunFor(int64_t ms) {
    const int64_t until_ms = loop_.now_ms() + ms;
    EXPECT_TRUE(io::RunUntil(loop_, [&] { return loop_.now_ms() >= until_ms; }));
  }
  size_t Dialed(const io::SocketAddress& address) const {
    return static_cast<size_t>(std::count(memory_.dialed.begin(), memory_.dialed.end(), address));
  }

  MemoryConnector memory_{loop_};
  std::shared_ptr<Circuits> circuits_ = std::make_shared<Circuits>(loop_, memory_);
  std::vector<Circuits::Change> changes_;
  base::ProxyError last_error_;
};

TEST_F(CircuitsTest, AnAddressThatFailsIsNotConnectedToForEachRequest) {
  Open();
  const int64_t begin_ms = loop_.now_ms();
  for (int i = 0; i < 1'000; ++i) ASSERT_EQ(Failure(), ErrorReason::kCircuitOpen) << i;
  const auto trials = static_cast<int64_t>(memory_.dialed.size()) - Circuit::kFailures;
  EXPECT_LE(trials, 1 + (loop_.now_ms() - begin_ms) / (Circuit::kFirstPauseMs * 9 / 10));
  EXPECT_THAT(last_error_.detail, HasSubstr("no connection has been accepted for 0."));
  EXPECT_THAT(last_error_.detail, HasSubstr("as the test says")) << "the last error";
}

TEST_F(CircuitsTest, AnAddressIsNotBlamedForWhatMantletLacks) {
  memory_.failure = StreamFailure::kLocal;
  for (int i = 0; i < 3 * Circuit::kFailures; ++i) {
    ASSERT_EQ(Failure(), ErrorReason::kConnectFailed) << i;
  }
  EXPECT_TRUE(changes_.empty());
  memory_.failure.reset();
  EXPECT_EQ(Failure(), std::nullopt) << "at once";
}

TEST_F(CircuitsTest, OpeningAndClosingAreReportedOnce) {
  Open();
  for (int i = 0; i < 10; ++i) Failure();
  RunFor(200);
  ASSERT_EQ(changes_.size(), 1u);
  EXPECT_TRUE(changes_[0].open);
  EXPECT_EQ(changes_[0].address, upstream_.address());
  EXPECT_EQ(changes_[0].error, "as the test says");
  ASSERT_TRUE(Closes());
  ASSERT_EQ(changes_.size(), 2u);
  EXPECT_FALSE(changes_[1].open);
  EXPECT_GE(changes_[1].failing_ms, 200);
}

TEST_F(CircuitsTest, HealsWithoutARequest) {
  Open();
  ASSERT_TRUE(Closes());
  EXPECT_FALSE(memory_.wires.back()->open) << "the trial connection carries no request";
  EXPECT_EQ(Failure(), std::nullopt);
}

TEST_F(CircuitsTest, TrialsAreMadeOneAtATime) {
  Open();
  const size_t before = memory_.dialed.size();
  RunFor(1'000);
  EXPECT_GE(memory_.dialed.size(), before + 3);
  EXPECT_LE(memory_.dialed.size(), before + 12);
}

TEST_F(CircuitsTest, AFullListenQueueFailsATrial) {
  Open(StreamFailure::kTimedOut);
  memory_.failure = StreamFailure::kQueueFull;
  RunFor(200);
  EXPECT_EQ(Failure(), ErrorReason::kCircuitOpen);
  EXPECT_THAT(last_error_.detail, HasSubstr("the application's listen queue is full"));
}

TEST_F(CircuitsTest, OtherAddressesAreUsed) {
  const io::SocketAddress other = *io::SocketAddress::Literal("127.0.0.9", 80);
  target_->addresses = {upstream_.address(), other};
  circuits_->SetAddresses(target_->addresses, 1'000);
  memory_.failure = StreamFailure::kConnectRefused;
  memory_.failing = upstream_.address();
  target_->config.pool.idle_connections = 0;
  for (int i = 0; i < 100; ++i) ASSERT_EQ(Failure(), std::nullopt) << i;
  EXPECT_LE(Dialed(upstream_.address()), Circuit::kFailures + 3u);
  EXPECT_GE(Dialed(other), 100u);
  ASSERT_EQ(changes_.size(), 1u);
  EXPECT_TRUE(changes_[0].open);
}

TEST_F(CircuitsTest, AnUnhealthyAddressIsUsedOnlyIfNoOtherIs) {
  const io::SocketAddress other = *io::SocketAddress::Literal("127.0.0.9", 80);
  target_->addresses = {upstream_.address(), other};
  circuits_->SetAddresses(target_->addresses, 1'000);
  Connect().Release();
  ASSERT_EQ(pool().idle(), 1u);
  circuits_->SetUnhealthy({upstream_.address()});
  EXPECT_EQ(pool().idle(), 0u) << "of the unhealthy address";
  Connect().Release();
  EXPECT_EQ(memory_.dialed.back(), other);
  circuits_->SetUnhealthy({upstream_.address(), other});
  EXPECT_EQ(pool().idle(), 1u) << "all are unhealthy";
  EXPECT_TRUE(circuits_->PermitsAny());
  circuits_->SetUnhealthy({});
  EXPECT_TRUE(circuits_->IsUsable(upstream_.address()));
}

TEST_F(CircuitsTest, AnUnhealthyAddressIsUsedIfTheHealthyOneAcceptsNoConnection) {
  const io::SocketAddress other = *io::SocketAddress::Literal("127.0.0.9", 80);
  target_->addresses = {upstream_.address(), other};
  circuits_->SetAddresses(target_->addresses, 1'000);
  circuits_->SetUnhealthy({upstream_.address()});
  memory_.failure = StreamFailure::kConnectRefused;
  memory_.failing = other;
  target_->config.pool.idle_connections = 0;
  for (int i = 0; i < Circuit::kFailures; ++i) Failure();
  EXPECT_EQ(Failure(), std::nullopt);
  EXPECT_EQ(memory_.dialed.back(), upstream_.address());
}

TEST_F(CircuitsTest, ThePoolsOfAnUpstreamShareThem) {
  Open();
  const std::shared_ptr<Pool> first = pool_;
  MakePool(Pool::Protocol::kH2c);
  EXPECT_EQ(Failure(), ErrorReason::kCircuitOpen);
  ASSERT_TRUE(Closes());
  EXPECT_EQ(Failure(), std::nullopt);
}

TEST_F(CircuitsTest, AreUsedForHttp2) {
  MakePool(Pool::Protocol::kH2c);
  Open();
  const size_t dialed = memory_.dialed.size();
  EXPECT_EQ(Failure(), ErrorReason::kCircuitOpen);
  EXPECT_EQ(memory_.dialed.size(), dialed);
}

TEST_F(CircuitsTest, ARequestWaitsForAConnectionInUseOfABusyApplication) {
  Lease lease = Connect();
  Open(StreamFailure::kTimedOut);
  RecordingWaiter waiter;
  ASSERT_TRUE(pool().Wait(&waiter));
  RunFor(100);
  EXPECT_EQ(waiter.calls, 0) << "the application may be busy, and a connection may be returned";
  lease.Release();
  ASSERT_TRUE(Served(waiter));
  EXPECT_TRUE(waiter.connection);
}

TEST_F(CircuitsTest, ARequestThatWaitsIsServedWhenTheCircuitCloses) {
  const Lease lease = Connect();
  Open(StreamFailure::kTimedOut);
  RecordingWaiter waiter;
  ASSERT_TRUE(pool().Wait(&waiter));
  ASSERT_TRUE(Closes());
  ASSERT_TRUE(Served(waiter));
  EXPECT_TRUE(waiter.connection);
}

TEST_F(CircuitsTest, NoRequestWaitsForAnApplicationThatIsGone) {
  const Lease lease = Connect();
  Open(StreamFailure::kConnectRefused);
  const int64_t begin_ms = loop_.now_ms();
  EXPECT_EQ(Failure(), ErrorReason::kCircuitOpen);
  EXPECT_LT(loop_.now_ms() - begin_ms, 1'000) << "timeouts.queue is three seconds";
}

TEST_F(CircuitsTest, AnotherAddressOfTheNameHasACircuitOfItsOwn) {
  Open();
  auto moved = std::make_shared<Target>(*target_);
  moved->addresses = {*io::SocketAddress::Literal("127.0.0.9", 80)};
  pool().SetTarget(moved);
  memory_.failure.reset();
  EXPECT_EQ(Failure(), std::nullopt);
}

TEST_F(CircuitsTest, AWaiterMayReleaseThePoolInItsRefusal) {
  Open();
  RecordingWaiter first, second;
  first.on_call = [&] { pool_.reset(); };
  ASSERT_TRUE(pool().Wait(&first));
  ASSERT_TRUE(pool().Wait(&second));
  ASSERT_TRUE(Served(first));
  EXPECT_EQ(first.error->reason, ErrorReason::kCircuitOpen);
}

TEST_F(CircuitsTest, AWaiterMayAskAgainFromInsideItsRefusal) {
  Open();
  RecordingWaiter waiter, again;
  waiter.on_call = [&] { ASSERT_TRUE(pool().Wait(&again)); };
  ASSERT_TRUE(pool().Wait(&waiter));
  ASSERT_TRUE(Served(again));
  EXPECT_EQ(again.error->reason, ErrorReason::kCircuitOpen);
}

// A Unix socket whose listen queue is full refuses each attempt at once.
TEST_F(CircuitsTest, AFullListenQueueIsTriedByOneRequestForAllThatWait) {
  memory_.failure = StreamFailure::kQueueFull;
  std::vector<std::unique_ptr<RecordingWaiter>> waiters;
  for (int i = 0; i < 50; ++i) {
    ASSERT_TRUE(pool().Wait(waiters.emplace_back(std::make_unique<RecordingWaiter>()).get()));
  }
  RunFor(50);
  const size_t before = memory_.dialed.size();
  RunFor(500);
  EXPECT_GE(memory_.dialed.size(), before + 4);
  EXPECT_LE(memory_.dialed.size(), before + 500 / Pool::kRetryMs + 1);
  memory_.failure.reset();
  const int64_t begin_ms = loop_.now_ms();
  for (const auto& waiter : waiters) {
    ASSERT_TRUE(Served(*waiter));
    EXPECT_TRUE(waiter->connection);
  }
  EXPECT_LT(loop_.now_ms() - begin_ms, 500) << "once there is room, all are served at once";
}

}  // namespace
}  // namespace mantlet::upstream
