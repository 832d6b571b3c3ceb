#include "proxy/session/handshake_record.h"

#include "gtest/gtest.h"
#include "test/proxy/session/worker_fixture.h"

namespace mantlet::session {
namespace {

class HandshakeRecordTest : public WorkerFixture<base::ManualClock> {
 protected:
  HandshakeRecordTest() {
    listener_.config.name = "public";
    listener_.metrics = &shard_.Listener("public");
  }

  ListenerState listener_;
};

// Without a certificate, its identity is the server name.
TEST_F(HandshakeRecordTest, AnUnsafeIdentityMayHaveNoCertificate) {
  identity::RenderReport report;
  report.unsafe_fields = 1;
  RecordUnsafeIdentity(worker_, listener_, "192.0.2.1:7", identity::PeerIdentity(), report);
  EXPECT_NE(log_.text().find("\"event\":\"identity_fields_left_out\""), std::string::npos);
  EXPECT_NE(log_.text().find("\"fingerprint_sha256\":\"\""), std::string::npos) << log_.text();
}

}  // namespace
}  // namespace mantlet::session
