#include "proxy/upstream/connection.h"

#include <memory>
#include <string>
#include <utility>

#include "gtest/gtest.h"
#include "test/proxy/io/memory_stream.h"
#include "test/proxy/upstream/pool_fixture.h"

namespace mantlet::upstream {
namespace {

using base::ErrorReason;

// Records its events as text: "head 200;body abc;end;".
struct RecordingHandler final : http::ResponseHandler {
  void OnInterimResponse(const http::ResponseHead& head) override {
    log += "interim " + std::to_string(head.status) + ";";
  }
  void OnResponseHead(const http::ResponseHead& head) override {
    log += "head " + std::to_string(head.status) + ";";
  }
  void OnResponseBody(std::string_view piece) override {
    log += "body " + std::string(piece) + ";";
  }
  void OnResponseTrailers(const http::HeaderList&) override { log += "trailers;"; }
  void OnResponseEnd() override {
    log += "end;";
    over = true;
  }
  void OnResponseFlush() override {}
  void OnRequestDrained() override {}
  void OnUpstreamError(base::ProxyError why) override {
    error = std::move(why);
    over = true;
  }
  std::string log;
  std::optional<base::ProxyError> error;
  bool over = false;
};

class ConnectionTest : public PoolTest {
 protected:
  void Send(http::RequestWriter& writer, http::Method method = http::Method::kGet,
            bool upgrade = false) {
    http::RequestHead head;
    head.method = method;
    if (upgrade) head.upgrade = "websocket";
    http::RequestForwarding how{strip_, identity_, "", "app"};
    how.tunnel_upgrade = upgrade;
    writer.WriteHead(head, how, handler_);
    writer.WriteEnd({});
    writer.Flush();
  }
  void Begin(http::Method method = http::Method::kGet, bool upgrade = false) {
    if (connection_ == nullptr) {
      connection_ = std::make_unique<Connection>(std::make_unique<io::MemoryStream>(wire_),
                                                 upstream_.address(), target_->config.limits,
                                                 loop_.buffers());
    }
    Send(connection_->writer(), method, upgrade);
  }
  // The upstream sends `response`; then the exchange is over.
  void Answer(std::string_view response) {
    wire_->Arrive(response);
    EXPECT_TRUE(handler_.over);
  }
  void AnswerAndEnd(std::string_view response) {
    wire_->Arrive(response);
    wire_->ArriveEnd();
    EXPECT_TRUE(handler_.over);
  }
  bool Reusable() { return connection_->FinishRequest(); }

  const identity::StripSet strip_;
  const identity::RenderedIdentity identity_;
  std::shared_ptr<io::Wire> wire_ = std::make_shared<io::Wire>();
  RecordingHandler handler_;
  std::unique_ptr<Connection> connection_;
};

TEST_F(ConnectionTest, DeliversAResponseAndMayBeUsedAgain) {
  Begin();
  EXPECT_FALSE(connection_->writer().reused());
  EXPECT_FALSE(connection_->writer().response_begun());
  Answer("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc");
  EXPECT_EQ(handler_.log, "head 200;body abc;end;");
  EXPECT_TRUE(Reusable());
  Begin();
  EXPECT_TRUE(connection_->writer().reused());
}

TEST_F(ConnectionTest, DeliversInterimResponsesAndTrailers) {
  Begin();
  Answer(
      "HTTP/1.1 100 Continue\r\n\r\n"
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
      "1\r\na\r\n0\r\nT: v\r\n\r\n");
  EXPECT_EQ(handler_.log, "interim 100;head 200;body a;trailers;end;");
  EXPECT_TRUE(Reusable());
}

TEST_F(ConnectionTest, AResponseToHeadHasNoBody) {
  Begin(http::Method::kHead);
  Answer("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n");
  EXPECT_EQ(handler_.log, "head 200;end;");
  EXPECT_TRUE(Reusable());
}

TEST_F(ConnectionTest, IsNotUsedAgainAfterConnectionClose) {
  Begin();
  Answer("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n");
  EXPECT_FALSE(Reusable());
}

TEST_F(ConnectionTest, IsNotUsedAgainIfBytesFollowTheResponse) {
  Begin();
  Answer("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\nHTTP/1.1 200 OK\r\n\r\n");
  EXPECT_EQ(handler_.log, "head 200;end;");
  EXPECT_FALSE(Reusable());
}

TEST_F(ConnectionTest, AResponseMayEndWithTheConnection) {
  Begin();
  AnswerAndEnd("HTTP/1.1 200 OK\r\n\r\nall of it");
  EXPECT_EQ(handler_.log, "head 200;body all of it;end;");
  EXPECT_FALSE(Reusable());
}

TEST_F(ConnectionTest, AnEndWithinTheResponseIsClosedEarly) {
  Begin();
  AnswerAndEnd("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf");
  ASSERT_TRUE(handler_.error.has_value());
  EXPECT_EQ(handler_.error->reason, ErrorReason::kClosedEarly);
  EXPECT_TRUE(connection_->writer().response_begun());
}

TEST_F(ConnectionTest, AnEndWithoutAResponseIsClosedEarlyAndNothingHasBegun) {
  Begin();
  AnswerAndEnd("");
  ASSERT_TRUE(handler_.error.has_value());
  EXPECT_EQ(handler_.error->reason, ErrorReason::kClosedEarly);
  EXPECT_FALSE(connection_->writer().response_begun());
}

TEST_F(ConnectionTest, OtherProtocolsAreAProtocolError) {
  Begin();
  Answer("SSH-2.0-OpenSSH\r\n");
  ASSERT_TRUE(handler_.error.has_value());
  EXPECT_EQ(handler_.error->reason, ErrorReason::kProtocolError);
}

TEST_F(ConnectionTest, AHeadBeyondALimitIsTooLargeAndTheKeyIsNamed) {
  target_->config.limits = {.header_bytes = 1024, .header_count = 3};
  Begin();
  Answer("HTTP/1.1 200 OK\r\nA: 1\r\nB: 2\r\nC: 3\r\nContent-Length: 0\r\n\r\n");
  ASSERT_TRUE(handler_.error.has_value());
  EXPECT_EQ(handler_.error->reason, ErrorReason::kHeadTooLarge);
  EXPECT_NE(handler_.error->detail.find("upstreams[].limits.header_count, 3"), std::string::npos)
      << handler_.error->detail;
}

TEST_F(ConnectionTest, AHeadWithTooManyBytesIsTooLargeAndTheKeyIsNamed) {
  target_->config.limits = {.header_bytes = 1024, .header_count = 3};
  Begin();
  Answer("HTTP/1.1 200 OK\r\nA: " + std::string(1024, 'a') + "\r\nContent-Length: 0\r\n\r\n");
  ASSERT_TRUE(handler_.error.has_value());
  EXPECT_EQ(handler_.error->reason, ErrorReason::kHeadTooLarge);
  EXPECT_NE(handler_.error->detail.find("upstreams[].limits.header_bytes, 1024"), std::string::npos)
      << handler_.error->detail;
}

TEST_F(ConnectionTest, AHeadUpToItsLimitsIsRead) {
  target_->config.limits = {.header_bytes = 128 * 1024, .header_count = 200};
  Begin();
  std::string head = "HTTP/1.1 200 OK\r\nX-Big: " + std::string(70'000, 'a') + "\r\n";
  for (int i = 0; i < 150; ++i) head += "Set-Cookie: c=1\r\n";
  Answer(head + "Content-Length: 0\r\n\r\n");
  EXPECT_EQ(handler_.log, "head 200;end;");
}

TEST_F(ConnectionTest, ReturnsTheAnnouncedKeepAliveTime) {
  const std::pair<std::string, std::optional<int64_t>> cases[] = {
      {"", std::nullopt},
      {"Keep-Alive: timeout=5\r\n", 5000},
      {"Keep-Alive: max=100, Timeout = 7\r\n", 7000},
      {"keep-alive: timeout=0\r\n", 0},
      {"Keep-Alive: timeout\r\n", std::nullopt},
      {"Keep-Alive: timeout=soon, =, ,\r\n", std::nullopt},
      {"Keep-Alive: timeout=99999999999\r\n", std::nullopt},
  };
  for (const auto& [field, announced] : cases) {
    Begin();
    handler_.over = false;
    Answer("HTTP/1.1 200 OK\r\n" + field + "Content-Length: 0\r\n\r\n");
    EXPECT_EQ(connection_->announced_idle_ms(), announced) << field;
  }
}

TEST_F(ConnectionTest, IsNotKeptForAsLongAsTheUpstreamAnnounces) {
  target_->config.timeouts.idle = config::Milliseconds(60'000);
  const auto ask = [&](const std::string& announcement) {
    Lease lease = Connect();
    Send(*lease.operator->());
    handler_.over = false;
    upstream_.peers.back()->Say("HTTP/1.1 200 OK\r\nKeep-Alive: " + announcement +
                                "\r\nContent-Length: 0\r\n\r\n");
    ASSERT_TRUE(io::RunUntil(loop_, [&] { return handler_.over; }));
  };
  ask("timeout=1");
  EXPECT_EQ(pool().idle(), 0u) << "it may close any moment";
  ask("timeout=5");
  EXPECT_EQ(upstream_.peers.size(), 2u);
  EXPECT_EQ(pool().idle(), 1u);
}

TEST_F(ConnectionTest, AnUnsolicited101IsAProtocolError) {
  Begin();
  Answer("HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n");
  ASSERT_TRUE(handler_.error.has_value());
  EXPECT_EQ(handler_.error->reason, ErrorReason::kProtocolError);
}

TEST_F(ConnectionTest, BytesAfterA101BelongToTheTunnel) {
  Begin(http::Method::kGet, true);
  Answer("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: upgrade\r\n\r\nhi");
  EXPECT_EQ(handler_.log, "head 101;end;");
  http::UpgradedStream upgraded = connection_->writer().TakeUpgraded();
  EXPECT_EQ(upgraded.received, "hi");
  EXPECT_NE(upgraded.stream, nullptr);
}

TEST_F(ConnectionTest, AFinishedRequestGetsNoEvents) {
  Begin();
  EXPECT_FALSE(Reusable());
  wire_->Arrive("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
  EXPECT_EQ(handler_.log, "");
}

}  // namespace
}  // namespace mantlet::upstream
