#include "proxy/observe/access_log.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <iterator>
#include <memory>
#include <nlohmann/json.hpp>
#include <sstream>
#include <string>
#include <vector>

#include "test/allocation_count.h"
#include "test/proxy/identity/edit_certificate.h"

namespace mantlet::observe {
namespace {

using base::LogFormat;
using nlohmann::json;

identity::PeerIdentity Alice() {
  identity::PeerIdentity alice;
  alice.verification = identity::Verification::kSuccess;
  identity::ClientCertificate& certificate = EditCertificate(alice);
  certificate.subject = "CN=alice,O=\"Example\"";
  certificate.serial = "01ab";
  certificate.fingerprint_sha256 = std::string(64, 'f');
  certificate.san_uri = {"spiffe://example.org/alice"};
  certificate.spiffe_id = "spiffe://example.org/alice";
  alice.tls.version = "TLSv1.3";
  alice.tls.cipher = "TLS_AES_128_GCM_SHA256";
  alice.tls.group = "X25519";
  alice.tls.sni = "app.example.org";
  return alice;
}

AccessRecord Ordinary() {
  AccessRecord record;
  record.wall_ms = 1'800'000'000'123;
  record.method = "POST";
  record.target = "/order?id=1";
  record.protocol = "HTTP/1.1";
  record.status = 201;
  record.request_bytes = 5;
  record.response_bytes = 1234;
  record.duration_us = 2345;
  record.upstream = "app";
  record.upstream_address = "127.0.0.1:8080";
  record.upstream_duration_us = 2000;
  record.answered_by_upstream = true;
  return record;
}

class AccessLogTest : public testing::Test {
 protected:
  AccessLogTest() {
    path_ = testing::TempDir() + "access-" + std::to_string(getpid()) + ".log";
    unlink(path_.c_str());
    sink_ = AccessLogSink::Open(path_).value();
  }
  ~AccessLogTest() override { unlink(path_.c_str()); }

  std::string Written() const {
    std::ifstream file(path_);
    return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  }
  // Returns the record of one request.
  std::string Log(LogFormat format, const identity::PeerIdentity& identity,
                  const AccessRecord& record) {
    AccessLogWriter writer(*sink_, format);
    writer.Append(RenderAccessConnection(format, "public", "10.0.0.1:5000", identity), record);
    writer.Flush();
    return Written();
  }

  std::string path_;
  std::unique_ptr<AccessLogSink> sink_;
};

TEST_F(AccessLogTest, ARecordHasTheClientTheRequestAndTheUpstream) {
  const json record = json::parse(Log(LogFormat::kJson, Alice(), Ordinary()));
  EXPECT_EQ(record, json::parse(R"({
    "ts": "2027-01-15T08:00:00.123Z", "event": "request", "level": "info",
    "listener": "public", "peer": "10.0.0.1:5000",
    "tls_version": "TLSv1.3", "tls_cipher": "TLS_AES_128_GCM_SHA256", "tls_group": "X25519",
    "sni": "app.example.org", "tls_resumed": false,
    "verify": "SUCCESS", "subject": "CN=alice,O=\"Example\"", "serial": "01ab",
    "fingerprint_sha256": "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
    "spiffe_id": "spiffe://example.org/alice",
    "method": "POST", "target": "/order?id=1", "protocol": "HTTP/1.1", "status": 201,
    "request_bytes": 5, "response_bytes": 1234, "duration_ms": 2.345,
    "upstream": "app", "upstream_address": "127.0.0.1:8080", "upstream_duration_ms": 2.0,
    "answered_by": "upstream"})"));
}

TEST_F(AccessLogTest, AnErrorResponseOfMantletHasAReasonAndNoUpstreamAddress) {
  AccessRecord refused = Ordinary();
  refused.status = 503;
  refused.upstream_address = "";
  refused.upstream_duration_us = -1;
  refused.answered_by_upstream = false;
  refused.error = "pool_exhausted";
  refused.detail = "1024 requests wait";
  const json record = json::parse(Log(LogFormat::kJson, Alice(), refused));
  EXPECT_EQ(record["answered_by"], "mantlet");
  EXPECT_EQ(record["error"], "pool_exhausted");
  EXPECT_EQ(record["error_detail"], "1024 requests wait");
  EXPECT_FALSE(record.contains("upstream_address"));
  EXPECT_FALSE(record.contains("upstream_duration_ms"));
}

TEST_F(AccessLogTest, TheGrpcStatusIsANumberBesideTheStatusWhenItIsKnown) {
  AccessRecord record = Ordinary();
  EXPECT_FALSE(json::parse(Log(LogFormat::kJson, Alice(), record)).contains("grpc_status"));
  record.status = 200;
  for (const int status : {0, 7, 4711}) {
    unlink(path_.c_str());
    sink_ = AccessLogSink::Open(path_).value();
    record.grpc_status = status;
    EXPECT_EQ(json::parse(Log(LogFormat::kJson, Alice(), record))["grpc_status"], status);
  }
  record.grpc_status = 14;
  EXPECT_NE(Log(LogFormat::kText, Alice(), record).find(" status=200 grpc_status=14 request_bytes"),
            std::string::npos);
}

TEST_F(AccessLogTest, WithoutAClientCertificateThereIsNoIdentity) {
  identity::PeerIdentity nobody = Alice();
  nobody.verification = identity::Verification::kNone;
  nobody.certificate = nullptr;
  const json record = json::parse(Log(LogFormat::kJson, nobody, Ordinary()));
  EXPECT_EQ(record["verify"], "NONE");
  for (const char* field : {"subject", "serial", "fingerprint_sha256", "spiffe_id", "san_uri"}) {
    EXPECT_FALSE(record.contains(field)) << field;
  }
}

TEST_F(AccessLogTest, TheFirstUriNamesAClientWithoutASpiffeId) {
  identity::PeerIdentity other = Alice();
  EditCertificate(other).spiffe_id.clear();
  EditCertificate(other).san_uri = {"urn:a", "urn:b"};
  const json record = json::parse(Log(LogFormat::kJson, other, Ordinary()));
  EXPECT_EQ(record["san_uri"], "urn:a");
  EXPECT_FALSE(record.contains("spiffe_id"));
}

TEST_F(AccessLogTest, AFailedVerificationCarriesItsReason) {
  identity::PeerIdentity failed = Alice();
  failed.verification = identity::Verification::kFailed;
  failed.failure_reason = "expired";
  EXPECT_EQ(json::parse(Log(LogFormat::kJson, failed, Ordinary()))["verify"], "FAILED:expired");
}

TEST_F(AccessLogTest, NeitherTargetNorSubjectCanForgeARecord) {
  identity::PeerIdentity forger = Alice();
  EditCertificate(forger).subject = "CN=x\",\"status\":200}\n{\"event\":\"request\"\xff";
  AccessRecord record = Ordinary();
  record.target = "/\",\"status\":999,\"x\":\"\r\n";
  const std::string written = Log(LogFormat::kJson, forger, record);
  EXPECT_EQ(std::count(written.begin(), written.end(), '\n'), 1);
  EXPECT_EQ(json::parse(written)["status"], 201);
  EXPECT_EQ(json::parse(written)["target"], record.target);
}

TEST_F(AccessLogTest, TextIsOneLine) {
  AccessRecord record = Ordinary();
  record.target = "/a b\n";
  record.method = "";
  EXPECT_EQ(Log(LogFormat::kText, Alice(), record),
            "2027-01-15T08:00:00.123Z info request: listener=public peer=10.0.0.1:5000 "
            "tls_version=TLSv1.3 tls_cipher=TLS_AES_128_GCM_SHA256 tls_group=X25519 "
            "sni=app.example.org tls_resumed=false verify=SUCCESS "
            "subject=\"CN=alice,O=\\\"Example\\\"\" serial=01ab fingerprint_sha256=" +
                std::string(64, 'f') +
                " spiffe_id=spiffe://example.org/alice method=- target=\"/a b\\n\" "
                "protocol=HTTP/1.1 status=201 request_bytes=5 response_bytes=1234 "
                "duration_ms=2.345 upstream=app upstream_address=127.0.0.1:8080 "
                "upstream_duration_ms=2.000 answered_by=upstream\n");
}

TEST_F(AccessLogTest, EachRecordHasItsOwnTime) {
  AccessLogWriter writer(*sink_, LogFormat::kJson);
  AccessRecord record = Ordinary();
  for (const int64_t ms : {1'800'000'000'999L, 1'800'000'000'007L, 1'800'000'001'000L, 0L}) {
    record.wall_ms = ms;
    writer.Append("", record);
  }
  writer.Flush();
  std::vector<std::string> times;
  std::istringstream lines(Written());
  for (std::string line; std::getline(lines, line);) times.push_back(json::parse(line)["ts"]);
  EXPECT_EQ(times,
            (std::vector<std::string>{"2027-01-15T08:00:00.999Z", "2027-01-15T08:00:00.007Z",
                                      "2027-01-15T08:00:01.000Z", "1970-01-01T00:00:00.000Z"}));
}

TEST_F(AccessLogTest, RecordsWaitForTheEndOfTheIteration) {
  AccessLogWriter writer(*sink_, LogFormat::kJson);
  writer.Append("", Ordinary());
  writer.Append("", Ordinary());
  EXPECT_EQ(Written(), "");
  writer.Flush();
  const std::string written = Written();
  EXPECT_EQ(std::count(written.begin(), written.end(), '\n'), 2);
  writer.Flush();
  EXPECT_EQ(Written(), written);
}

TEST_F(AccessLogTest, AFullBufferDoesNotWait) {
  AccessLogWriter writer(*sink_, LogFormat::kJson);
  const std::string long_target(AccessLogWriter::kFlushBytes, 'x');
  AccessRecord record = Ordinary();
  record.target = long_target;
  writer.Append("", record);
  EXPECT_GT(Written().size(), long_target.size());
}

TEST_F(AccessLogTest, TheDestructorFlushesTheRest) {
  {
    AccessLogWriter(*sink_, LogFormat::kJson).Append("", Ordinary());
  }
  EXPECT_NE(Written(), "");
}

TEST_F(AccessLogTest, IsSilentWhenItIsOff) {
  const auto off = AccessLogSink::Open("off").value();
  AccessLogWriter writer(*off, LogFormat::kJson);
  EXPECT_FALSE(writer.enabled());
  writer.Append("", Ordinary());
  writer.Flush();
}

TEST_F(AccessLogTest, ARecordAllocatesNothingOnceWarm) {
  AccessLogWriter writer(*sink_, LogFormat::kJson);
  const std::string connection =
      RenderAccessConnection(LogFormat::kJson, "public", "10.0.0.1:5000", Alice());
  const AccessRecord record = Ordinary();
  writer.Append(connection, record);
  writer.Flush();
  const uint64_t before = AllocationCount();
  for (int i = 0; i < 1000; ++i) {
    writer.Append(connection, record);
    if (i % 10 == 0) writer.Flush();
  }
  EXPECT_EQ(AllocationCount(), before);
}

}  // namespace
}  // namespace mantlet::observe
