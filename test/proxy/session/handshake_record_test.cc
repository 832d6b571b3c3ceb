#include "proxy/session/handshake_record.h"

#include <memory>

#include "gtest/gtest.h"
#include "proxy/observe/access_log_sink.h"
#include "proxy/observe/metrics.h"

namespace mantlet::session {
namespace {

class HandshakeRecordTest : public testing::Test {
 protected:
  HandshakeRecordTest() {
    listener_.config.name = "public";
    listener_.metrics = &shard_.Listener("public");
  }

  observe::Metrics metrics_{{}};
  observe::MetricsShard& shard_ = metrics_.AddShard();
  base::ManualClock clock_;
  base::CapturedLog log_;
  base::Logger logger_{base::LogFormat::kJson, base::LogLevel::kDebug, log_.sink()};
  std::unique_ptr<observe::AccessLogSink> sink_ = observe::AccessLogSink::Open("off").value();
  observe::AccessLogWriter access_log_{*sink_, base::LogFormat::kJson};
  base::LogBudget budget_{100};
  io::Loop loop_;
  WorkerContext worker_{loop_, clock_, logger_, access_log_, budget_};
  ListenerState listener_;
};

// What it says of itself without one is the server name.
TEST_F(HandshakeRecordTest, AnUnsafeIdentityMayHaveNoCertificate) {
  identity::RenderReport report;
  report.unsafe_fields = 1;
  RecordUnsafeIdentity(worker_, listener_, "192.0.2.1:7", identity::PeerIdentity(), report);
  EXPECT_NE(log_.text().find("\"event\":\"identity_fields_left_out\""), std::string::npos);
  EXPECT_NE(log_.text().find("\"fingerprint_sha256\":\"\""), std::string::npos) << log_.text();
}

}  // namespace
}  // namespace mantlet::session
