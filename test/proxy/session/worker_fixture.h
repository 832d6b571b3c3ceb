// A WorkerContext and all objects that it refers to, for tests of code on a worker.

#ifndef MANTLET_TEST_PROXY_SESSION_WORKER_FIXTURE_H_
#define MANTLET_TEST_PROXY_SESSION_WORKER_FIXTURE_H_

#include <memory>

#include "gtest/gtest.h"
#include "proxy/observe/access_log_sink.h"
#include "proxy/observe/metrics.h"
#include "proxy/session/worker_context.h"

namespace mantlet::session {

// `Clock` is a clock that the test moves, or the system's.
template <typename Clock>
class WorkerFixture : public testing::Test {
 protected:
  observe::Metrics metrics_{{}};
  observe::MetricsShard& shard_ = metrics_.AddShard();
  Clock clock_;
  base::CapturedLog log_;
  base::Logger logger_{base::LogFormat::kJson, base::LogLevel::kDebug, log_.sink()};
  std::unique_ptr<observe::AccessLogSink> sink_ = observe::AccessLogSink::Open("off").value();
  observe::AccessLogWriter access_log_{*sink_, base::LogFormat::kJson};
  base::LogBudget budget_{100};
  io::Loop loop_;
  WorkerContext worker_{loop_, clock_, logger_, access_log_, budget_};
};

}  // namespace mantlet::session

#endif  // MANTLET_TEST_PROXY_SESSION_WORKER_FIXTURE_H_
