#include "proxy/upstream/connection.h"

#include <memory>
#include <string>
#include <utility>

#include "gtest/gtest.h"
#include "test/proxy/upstream/pool_fixture.h"

namespace mantlet::upstream {
namespace {

using base::ErrorReason;

// Writes down what it hears: "head 200;body abc;end;".
struct RecordingUser final : Connection::User {
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
  void OnResponseEnd(std::string_view bytes) override {
    log += "end;";
    rest = bytes;
    over = true;
  }
  void OnResponsePause() override {}
  void OnUpstreamDrained() override {}
  void OnUpstreamError(base::ProxyError why) override {
    error = std::move(why);
    over = true;
  }
  std::string log, rest;
  std::optional<base::ProxyError> error;
  bool over = false;
};

class ConnectionTest : public PoolTest {
 protected:
  void Begin(http::Method method = http::Method::kGet, bool upgrade = false) {
    if (connection_ == nullptr) connection_ = Connect();
    connection_->Begin(&user_, method, upgrade);
    EXPECT_FALSE(connection_->reusable());
    EXPECT_TRUE(io::RunUntil(loop_, [&] { return upstream_.peers.size() == 1; }));
  }
  // The upstream says `response`; then the exchange is over.
  void Answer(std::string_view response) {
    upstream_.peers[0]->Say(response);
    EXPECT_TRUE(io::RunUntil(loop_, [&] { return user_.over; }));
  }
  ~ConnectionTest() override {
    if (connection_ != nullptr) pool().Return(std::move(connection_), false);
  }

  RecordingUser user_;
  std::unique_ptr<Connection> connection_;
};

TEST_F(ConnectionTest, DeliversAResponseAndMayBeUsedAgain) {
  Begin();
  EXPECT_FALSE(connection_->reused());
  EXPECT_FALSE(connection_->response_begun());
  Answer("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc");
  EXPECT_EQ(user_.log, "head 200;body abc;end;");
  EXPECT_TRUE(connection_->reusable());
  Begin();
  EXPECT_TRUE(connection_->reused());
}

TEST_F(ConnectionTest, DeliversInterimResponsesAndTrailers) {
  Begin();
  Answer(
      "HTTP/1.1 100 Continue\r\n\r\n"
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
      "1\r\na\r\n0\r\nT: v\r\n\r\n");
  EXPECT_EQ(user_.log, "interim 100;head 200;body a;trailers;end;");
  EXPECT_TRUE(connection_->reusable());
}

TEST_F(ConnectionTest, AResponseToHeadHasNoBody) {
  Begin(http::Method::kHead);
  Answer("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n");
  EXPECT_EQ(user_.log, "head 200;end;");
  EXPECT_TRUE(connection_->reusable());
}

TEST_F(ConnectionTest, IsNotUsedAgainAfterConnectionClose) {
  Begin();
  Answer("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n");
  EXPECT_FALSE(connection_->reusable());
}

TEST_F(ConnectionTest, IsNotUsedAgainIfBytesFollowTheResponse) {
  Begin();
  Answer("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\nHTTP/1.1 200 OK\r\n\r\n");
  EXPECT_EQ(user_.log, "head 200;end;");
  EXPECT_FALSE(connection_->reusable());
}

TEST_F(ConnectionTest, AResponseMayEndWithTheConnection) {
  Begin();
  upstream_.peers[0]->Say("HTTP/1.1 200 OK\r\n\r\nall of it");
  upstream_.peers[0]->stream->ShutdownWrite();
  ASSERT_TRUE(io::RunUntil(loop_, [&] { return user_.over; }));
  EXPECT_EQ(user_.log, "head 200;body all of it;end;");
  EXPECT_FALSE(connection_->reusable());
}

TEST_F(ConnectionTest, AnEndWithinTheResponseIsClosedEarly) {
  Begin();
  upstream_.peers[0]->Say("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf");
  upstream_.peers[0]->stream->ShutdownWrite();
  ASSERT_TRUE(io::RunUntil(loop_, [&] { return user_.over; }));
  ASSERT_TRUE(user_.error.has_value());
  EXPECT_EQ(user_.error->reason, ErrorReason::kClosedEarly);
  EXPECT_TRUE(connection_->response_begun());
}

TEST_F(ConnectionTest, AnEndWithoutAResponseIsClosedEarlyAndNothingHasBegun) {
  Begin();
  upstream_.peers[0]->Hang();
  ASSERT_TRUE(io::RunUntil(loop_, [&] { return user_.over; }));
  ASSERT_TRUE(user_.error.has_value());
  EXPECT_EQ(user_.error->reason, ErrorReason::kClosedEarly);
  EXPECT_FALSE(connection_->response_begun());
}

TEST_F(ConnectionTest, WhatIsNotHttpIsAProtocolError) {
  Begin();
  Answer("SSH-2.0-OpenSSH\r\n");
  ASSERT_TRUE(user_.error.has_value());
  EXPECT_EQ(user_.error->reason, ErrorReason::kProtocolError);
}

TEST_F(ConnectionTest, AHeadBeyondALimitIsTooLargeAndTheKeyIsNamed) {
  target_->config.limits = {.header_bytes = 1024, .header_count = 3};
  Begin();
  Answer("HTTP/1.1 200 OK\r\nA: 1\r\nB: 2\r\nC: 3\r\nContent-Length: 0\r\n\r\n");
  ASSERT_TRUE(user_.error.has_value());
  EXPECT_EQ(user_.error->reason, ErrorReason::kHeadTooLarge);
  EXPECT_NE(user_.error->detail.find("upstreams[].limits.header_count, 3"), std::string::npos)
      << user_.error->detail;
}

TEST_F(ConnectionTest, AHeadWithTooManyBytesIsTooLargeAndTheKeyIsNamed) {
  target_->config.limits = {.header_bytes = 1024, .header_count = 3};
  Begin();
  Answer("HTTP/1.1 200 OK\r\nA: " + std::string(1024, 'a') + "\r\nContent-Length: 0\r\n\r\n");
  ASSERT_TRUE(user_.error.has_value());
  EXPECT_EQ(user_.error->reason, ErrorReason::kHeadTooLarge);
  EXPECT_NE(user_.error->detail.find("upstreams[].limits.header_bytes, 1024"), std::string::npos)
      << user_.error->detail;
}

TEST_F(ConnectionTest, AHeadUpToItsLimitsIsRead) {
  target_->config.limits = {.header_bytes = 128 * 1024, .header_count = 200};
  Begin();
  std::string head = "HTTP/1.1 200 OK\r\nX-Big: " + std::string(70'000, 'a') + "\r\n";
  for (int i = 0; i < 150; ++i) head += "Set-Cookie: c=1\r\n";
  Answer(head + "Content-Length: 0\r\n\r\n");
  EXPECT_EQ(user_.log, "head 200;end;");
}

TEST_F(ConnectionTest, KnowsWhatTheUpstreamAnnouncesAboutItsKeepAliveTime) {
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
    user_.over = false;
    Answer("HTTP/1.1 200 OK\r\n" + field + "Content-Length: 0\r\n\r\n");
    EXPECT_EQ(connection_->announced_idle_ms(), announced) << field;
  }
}

TEST_F(ConnectionTest, IsNotKeptForAsLongAsTheUpstreamAnnounces) {
  target_->config.timeouts.idle = config::Milliseconds(60'000);
  Begin();
  Answer("HTTP/1.1 200 OK\r\nKeep-Alive: timeout=1\r\nContent-Length: 0\r\n\r\n");
  pool().Return(std::move(connection_), true);
  EXPECT_EQ(pool().idle(), 0u) << "it may close any moment";
  connection_ = Connect();
  connection_->Begin(&user_, http::Method::kGet, false);
  user_.over = false;
  ASSERT_TRUE(io::RunUntil(loop_, [&] { return upstream_.peers.size() == 2; }));
  upstream_.peers[1]->Say("HTTP/1.1 200 OK\r\nKeep-Alive: timeout=5\r\nContent-Length: 0\r\n\r\n");
  ASSERT_TRUE(io::RunUntil(loop_, [&] { return user_.over; }));
  pool().Return(std::move(connection_), true);
  EXPECT_EQ(pool().idle(), 1u);
}

TEST_F(ConnectionTest, AnUnsolicited101IsAProtocolError) {
  Begin();
  Answer("HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n");
  ASSERT_TRUE(user_.error.has_value());
  EXPECT_EQ(user_.error->reason, ErrorReason::kProtocolError);
}

TEST_F(ConnectionTest, BytesBehindA101BelongToTheTunnel) {
  Begin(http::Method::kGet, true);
  Answer("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: upgrade\r\n\r\nhi");
  EXPECT_EQ(user_.log, "head 101;end;");
  EXPECT_EQ(user_.rest, "hi");
}

TEST_F(ConnectionTest, ADetachedUserHearsNothing) {
  Begin();
  connection_->Detach();
  upstream_.peers[0]->Say("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
  io::RunReady(loop_);
  EXPECT_EQ(user_.log, "");
}

}  // namespace
}  // namespace mantlet::upstream
