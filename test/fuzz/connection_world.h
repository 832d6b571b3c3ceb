// A whole client connection of a worker in memory, with a listener, a pool and its upstreams, for
// targets that play both sides. Time is the test's (fake_clock.h).

#ifndef MANTLET_TEST_FUZZ_CONNECTION_WORLD_H_
#define MANTLET_TEST_FUZZ_CONNECTION_WORLD_H_

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "proxy/observe/access_log_sink.h"
#include "proxy/observe/metrics.h"
#include "proxy/session/connection.h"
#include "proxy/session/plain_acceptor.h"
#include "proxy/session/protocol_table.h"
#include "proxy/session/revalidation_schedule.h"
#include "proxy/session/worker_context.h"
#include "proxy/upstream/pool.h"
#include "proxy/verify/client_verdict_cache.h"
#include "test/fuzz/fake_clock.h"
#include "test/fuzz/fuzz_input.h"
#include "test/proxy/io/loop_driver.h"
#include "test/proxy/io/memory_stream.h"
#include "test/proxy/upstream/memory_connector.h"

namespace mantlet::fuzz {

class World final : public session::Connection::Observer {
 public:
  struct Options {
    config::HttpProtocol client = config::HttpProtocol::kHttp1;
    bool h2c_upstream = false;
  };

  explicit World(const Options& options) : options_(options) {
    listener.name = "public";
    listener.upstream = "app";
    listener.limits.target_bytes = 60;
    listener.limits.header_bytes = 600;
    listener.limits.header_count = 12;
    listener.limits.streams = 3;
    target_->config.name = "app";
    target_->config.pool.connections = 2;
    target_->config.pool.pending = 2;
    target_->addresses = {io::SocketAddress::Unix("/in/memory").value()};
    worker_.revalidation = &book_;
    worker_.client_verdicts = &verdicts_;
    NewPool();
    Apply();
    auto admitted = session::Admission::Admit(admission_, listener.limits, 1);
    connection = std::make_unique<session::Connection>(
        worker_, *this, slot_, std::get<session::Admission::Ticket>(std::move(admitted)),
        std::make_unique<io::MemoryStream>(client), target_->addresses.front());
    connection->Begin();
    Run();
  }
  ~World() {
    connection.reset();
    slot_->current = slot_->last = nullptr;
    pool_.reset();
    Run();
  }
  World(const World&) = delete;

  // Handles everything that is ready.
  void Run() { io::RunReady(loop_); }
  void Pass(int64_t ms) {
    PassMs(ms);
    clock_.AdvanceMs(ms);
    Run();
  }

  // What a reload does with the changes of `listener`.
  void Apply() {
    auto state = std::make_shared<session::ListenerState>();
    state->config = listener;
    state->acceptor = acceptor_;
    state->protocols = session::HttpProtocols({options_.client});
    state->pool = pool_;
    state->admission = admission_;
    state->metrics = &shard_.Listener("public");
    state->requests = &shard_.Requests("public", "app");
    state->upstream_metrics = &shard_.Upstream("app");
    state->policy = std::make_shared<const policy::Policy>(listener.policy);
    state->FindDenialCounters();
    slot_->current = slot_->last = state;
    if (connection != nullptr) book_.SetDue(*connection, session::RevalidationSchedule::kNow);
  }
  void NewPool() {
    if (pool_ != nullptr) pool_->Shutdown();
    pool_ =
        std::make_shared<upstream::Pool>(loop_, connector_, target_, shard_.Upstream("app"),
                                         options_.h2c_upstream ? worker_.http2_memory : nullptr);
  }
  void RemoveListener() {
    slot_->current = nullptr;
    if (connection != nullptr) connection->Drain();
  }
  void Drain() {
    worker_.draining = true;
    if (connection != nullptr) connection->Drain();
  }

  upstream::MemoryConnector& upstream() { return connector_; }

  config::Listener listener;
  std::shared_ptr<io::Wire> client = std::make_shared<io::Wire>();
  std::unique_ptr<session::Connection> connection;  // null once it has ended

 private:
  void OnConnectionClosed(session::Connection*) override {
    Require(connection != nullptr, "a connection that ends twice");
    loop_.DeferDelete(std::move(connection));
  }

  const Options options_;
  observe::Metrics metrics_{{}};
  observe::MetricsShard& shard_ = metrics_.AddShard();
  base::ManualClock clock_;
  base::Logger logger_{base::LogFormat::kJson, base::LogLevel::kDebug, [](std::string_view) {}};
  std::unique_ptr<observe::AccessLogSink> sink_ = observe::AccessLogSink::Open("off").value();
  observe::AccessLogWriter access_log_{*sink_, base::LogFormat::kJson};
  base::LogBudget budget_{100};
  io::Loop loop_;
  upstream::MemoryConnector connector_{loop_};
  session::WorkerContext worker_{loop_, clock_, logger_, access_log_, budget_};
  session::RevalidationSchedule book_{loop_, clock_};
  verify::ClientVerdictCache verdicts_;
  std::shared_ptr<upstream::Target> target_ = std::make_shared<upstream::Target>();
  std::shared_ptr<upstream::Pool> pool_;
  std::shared_ptr<session::Admission> admission_ = std::make_shared<session::Admission>();
  std::shared_ptr<const session::Acceptor> acceptor_ =
      std::make_shared<const session::PlainAcceptor>();
  std::shared_ptr<session::ListenerSlot> slot_ = std::make_shared<session::ListenerSlot>();
};

}  // namespace mantlet::fuzz

#endif  // MANTLET_TEST_FUZZ_CONNECTION_WORLD_H_
