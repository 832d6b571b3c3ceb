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
