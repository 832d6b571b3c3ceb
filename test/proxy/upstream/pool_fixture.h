// A pool, its upstream, and waiters.

#ifndef MANTLET_TEST_PROXY_UPSTREAM_POOL_FIXTURE_H_
#define MANTLET_TEST_PROXY_UPSTREAM_POOL_FIXTURE_H_

#include <functional>
#include <memory>
#include <optional>
#include <sstream>
#include <string>
#include <utility>

#include "gtest/gtest.h"
#include "proxy/observe/metrics.h"
#include "proxy/upstream/pool.h"
#include "proxy/upstream/socket_connector.h"
#include "test/proxy/io/loop_driver.h"
#include "test/proxy/upstream/fake_upstream.h"

namespace mantlet::upstream {

struct RecordingWaiter final : Pool::LeaseHandler {
  void OnConnection(Lease given) override {
    connection = std::move(given);
    ++calls;
    if (on_call) on_call();
  }
  void OnNoConnection(base::ProxyError why) override {
    error = std::move(why);
    ++calls;
    if (on_call) on_call();
  }

  Lease connection;
  std::optional<base::ProxyError> error;
  int calls = 0;
  std::function<void()> on_call;
};

class PoolTest : public testing::Test {
 protected:
  // `target_` may be changed before the first call.
  Pool& pool() {
    if (pool_ == nullptr)
      pool_ = std::make_shared<Pool>(loop_, connector_, target_, upstream_metrics_);
    return *pool_;
  }
  // Returns a connection for a new waiter.
  Lease Connect() {
    RecordingWaiter waiter;
    EXPECT_TRUE(pool().Wait(&waiter));
    EXPECT_EQ(waiter.calls, 0) << "never from inside Wait";
    EXPECT_TRUE(io::RunUntil(loop_, [&] { return waiter.calls > 0; }));
    EXPECT_TRUE(waiter.connection);
    return std::move(waiter.connection);
  }
  // Returns a connection that can carry another request to the pool.
  static void Return(Lease connection) { connection.Release(); }
  // Returns a connection in the middle of a request to the pool.
  void Discard(Lease connection) {
    http::RequestHead head;
    const identity::StripSet strip;
    const identity::RenderedIdentity identity;
    connection->WriteHead(head, {strip, identity, "", "app"}, ignored_);
  }
  bool Served(const RecordingWaiter& waiter) {
    return io::RunUntil(loop_, [&] { return waiter.calls > 0; });
  }
  // Returns the value of mantlet_upstream_connections{state}.
  std::string Gauge(const std::string& state) const {
    std::istringstream lines(metrics_.Render());
    for (std::string line; std::getline(lines, line);) {
      if (line.starts_with("mantlet_upstream_connections{") &&
          line.find("state=\"" + state + "\"") != std::string::npos) {
        return line.substr(line.rfind(' ') + 1);
      }
    }
    return "none";
  }

  observe::Metrics metrics_{{}};
  observe::UpstreamMetrics& upstream_metrics_ = metrics_.AddShard().Upstream("app");
  io::Loop loop_;
  FakeUpstream upstream_{loop_};
  std::shared_ptr<Target> target_ = upstream_.MakeTarget();
  SocketConnector connector_{loop_};
  std::shared_ptr<Pool> pool_;

 private:
  struct Ignored final : http::ResponseHandler {
    void OnInterimResponse(const http::ResponseHead&) override {}
    void OnResponseHead(const http::ResponseHead&) override {}
    void OnResponseBody(std::string_view) override {}
    void OnResponseTrailers(const http::HeaderList&) override {}
    void OnResponseEnd() override {}
    void OnResponseFlush() override {}
    void OnRequestDrained() override {}
    void OnUpstreamError(base::ProxyError) override {}
  } ignored_;
};

}  // namespace mantlet::upstream

#endif  // MANTLET_TEST_PROXY_UPSTREAM_POOL_FIXTURE_H_
