// Tests a pool with a connector without sockets.

#include "proxy/upstream/connector.h"

#include <memory>
#include <string>

#include "gtest/gtest.h"
#include "proxy/identity/identity_headers.h"
#include "test/proxy/upstream/memory_connector.h"
#include "test/proxy/upstream/pool_fixture.h"

namespace mantlet::upstream {
namespace {

class MemoryConnectorTest : public PoolTest {
 protected:
  MemoryConnectorTest() {
    pool_ = std::make_shared<Pool>(loop_, memory_, target_, upstream_metrics_);
  }
  MemoryConnector memory_{loop_};
};

TEST_F(MemoryConnectorTest, APoolLeasesTheConnectorsConnections) {
  Lease lease = Connect();
  ASSERT_EQ(memory_.wires.size(), 1u);
  EXPECT_FALSE(lease->reused());
  EXPECT_EQ(Gauge("active"), "1");
  lease.Release();
  EXPECT_EQ(Gauge("idle"), "1");
  Lease again = pool().TakeIdle(Pool::Request::kOnce);
  ASSERT_TRUE(again);
  EXPECT_TRUE(again->reused()) << "it has been idle";
  EXPECT_EQ(memory_.wires.size(), 1u);
}

TEST_F(MemoryConnectorTest, ALeaseThatIsDestroyedInARequestGivesItsCapacityBack) {
  target_->config.pool.connections = 1;
  RecordingWaiter waiter;
  {
    Lease lease = Connect();
    ASSERT_TRUE(pool().Wait(&waiter));
    Discard(std::move(lease));
  }
  ASSERT_TRUE(Served(waiter));
  EXPECT_TRUE(waiter.connection);
  EXPECT_EQ(memory_.wires.size(), 2u);
  EXPECT_FALSE(memory_.wires[0]->open) << "the request on it was not answered";
  EXPECT_EQ(Gauge("active"), "1");
}

TEST_F(MemoryConnectorTest, ALeaseKeepsItsPoolAlive) {
  Lease lease = Connect();
  std::weak_ptr<Pool> pool = pool_;
  pool_.reset();
  EXPECT_FALSE(pool.expired());
  lease.Release();
  io::RunReady(loop_);
  EXPECT_TRUE(pool.expired());
  EXPECT_EQ(Gauge("active"), "0");
}

TEST_F(MemoryConnectorTest, AMovedLeaseGivesItsCapacityBackOnce) {
  Lease first = Connect();
  Lease second = std::move(first);
  EXPECT_FALSE(first);  // NOLINT(bugprone-use-after-move)
  first = std::move(second);
  EXPECT_TRUE(first);
  first.Release();
  first.Release();
  EXPECT_EQ(Gauge("active"), "0");
  EXPECT_EQ(Gauge("idle"), "1");
}

TEST_F(MemoryConnectorTest, TheFailureOfTheConnectorIsTheWaitersError) {
  memory_.failure = io::StreamFailure::kConnectRefused;
  RecordingWaiter waiter;
  ASSERT_TRUE(pool().Wait(&waiter));
  ASSERT_TRUE(Served(waiter));
  ASSERT_TRUE(waiter.error.has_value());
  EXPECT_EQ(waiter.error->reason, base::ErrorReason::kConnectRefused);
}

TEST_F(MemoryConnectorTest, APoolThatGoesEndsItsAttempts) {
  RecordingWaiter waiter;
  ASSERT_TRUE(pool().Wait(&waiter));
  pool_.reset();
  io::RunReady(loop_);
  EXPECT_EQ(waiter.calls, 0);
  EXPECT_TRUE(memory_.wires.empty());
}

}  // namespace
}  // namespace mantlet::upstream
