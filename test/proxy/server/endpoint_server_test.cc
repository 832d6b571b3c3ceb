#include "proxy/server/endpoint_server.h"

#include <algorithm>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "gtest/gtest.h"
#include "proxy/io/stream.h"
#include "test/proxy/io/loop_driver.h"
#include "test/proxy/io/recording_handler.h"

namespace mantlet::server {
namespace {

using io::RunUntil;

class EndpointServerTest : public testing::Test {
 protected:
  struct Client {
    void Say(std::string_view bytes) {
      stream->Write(bytes);
      stream->Flush();
    }
    io::RecordingHandler handler;
    std::unique_ptr<io::Stream> stream;
  };

  EndpointServerTest() {
    auto address = io::SocketAddress::Resolve("127.0.0.1", 0).value().front();
    io::FileDescriptor socket = io::OpenListeningSocket(address).value();
    address_ = io::LocalAddress(socket.get()).value();
    server_ = std::make_unique<EndpointServer>(
        loop_, std::move(socket), [this](const observe::EndpointRequest& request) {
          seen_.push_back(std::string(request.method) + " " + std::string(request.path) + " ?" +
                          std::string(request.query) + " " + std::string(request.body) + " @" +
                          std::string(request.host.value_or("none")));
          observe::EndpointResponse response;
          response.status = status_;
          response.body = body_;
          response.content_length = body_.size();
          return response;
        });
  }
  std::unique_ptr<Client> Connect() {
    auto client = std::make_unique<Client>();
    bool connected = false;
    client->stream = io::Stream::Connect(
        loop_, address_, [&connected](const io::StreamError* error) { connected = !error; });
    EXPECT_TRUE(RunUntil(loop_, [&] { return connected; }));
    client->stream->SetHandler(&client->handler);
    client->stream->SetReading(true);
    return client;
  }
  bool Gets(const Client& client, const std::string& text) {
    return RunUntil(loop_, [&] { return client.handler.data.find(text) != std::string::npos; });
  }
  bool IsClosed(const Client& client) {
    return RunUntil(loop_, [&] { return client.handler.ends + client.handler.errors > 0; });
  }

  io::Loop loop_;
  io::SocketAddress address_;
  std::vector<std::string> seen_;
  int status_ = 200;
  std::string body_ = "fine\n";
  std::unique_ptr<EndpointServer> server_;
};

TEST_F(EndpointServerTest, AnswersAndKeepsTheConnection) {
  auto client = Connect();
  client->Say("GET /metrics?x=1 HTTP/1.1\r\nHost: localhost:1\r\n\r\n");
  ASSERT_TRUE(Gets(*client, "\r\n\r\nfine\n"));
  EXPECT_TRUE(client->handler.data.starts_with("HTTP/1.1 200 OK\r\n"));
  EXPECT_NE(client->handler.data.find("Content-Length: 5\r\n"), std::string::npos);
  EXPECT_EQ(seen_.back(), "GET /metrics ?x=1  @localhost:1");
  client->handler.data.clear();
  client->Say("GET /again HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_TRUE(Gets(*client, "fine\n"));
}

TEST_F(EndpointServerTest, AnswersPipelinedRequestsInOrder) {
  auto client = Connect();
  client->Say("GET /1 HTTP/1.1\r\nHost: x\r\n\r\nGET /2 HTTP/1.1\r\nHost: x\r\n\r\n");
  ASSERT_TRUE(RunUntil(loop_, [&] { return seen_.size() == 2; }));
  EXPECT_EQ(seen_[0].substr(0, 6), "GET /1");
  EXPECT_EQ(seen_[1].substr(0, 6), "GET /2");
}

TEST_F(EndpointServerTest, HandsTheBodyOverWhole) {
  auto client = Connect();
  client->Say("POST /log-level HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nde");
  client->Say("bug");
  ASSERT_TRUE(Gets(*client, "fine\n"));
  EXPECT_NE(seen_.back().find(" debug "), std::string::npos);
}

TEST_F(EndpointServerTest, ContinuesAClientThatAsksFirst) {
  auto client = Connect();
  client->Say("POST / HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n");
  ASSERT_TRUE(Gets(*client, "100 Continue"));
  client->Say("ok");
  EXPECT_TRUE(Gets(*client, "fine\n"));
}

TEST_F(EndpointServerTest, AnnouncesKeepAliveToAnHttp10Client) {
  auto client = Connect();
  client->Say("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
  ASSERT_TRUE(Gets(*client, "\r\n\r\nfine\n"));
  EXPECT_NE(client->handler.data.find("\r\nConnection: keep-alive\r\n"), std::string::npos);
}

TEST_F(EndpointServerTest, ClosesWhenAskedTo) {
  auto client = Connect();
  client->Say("GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
  ASSERT_TRUE(IsClosed(*client));
  EXPECT_NE(client->handler.data.find("Connection: close\r\n"), std::string::npos);
  EXPECT_TRUE(client->handler.data.ends_with("fine\n"));
}

TEST_F(EndpointServerTest, RejectsOtherProtocolsAndCloses) {
  auto client = Connect();
  client->Say("\x16\x03\x01 hello\r\n\r\n");
  ASSERT_TRUE(IsClosed(*client));
  EXPECT_TRUE(client->handler.data.starts_with("HTTP/1.1 400 ")) << client->handler.data;
  EXPECT_TRUE(seen_.empty());
}

TEST_F(EndpointServerTest, RefusesABodyThatIsTooLarge) {
  auto client = Connect();
  client->Say("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 10000000\r\n\r\n");
  ASSERT_TRUE(IsClosed(*client));
  EXPECT_TRUE(client->handler.data.starts_with("HTTP/1.1 413 ")) << client->handler.data;
}

TEST_F(EndpointServerTest, ALargeResponseIsCompleteForASlowClient) {
  body_ = std::string(8 * 1024 * 1024, 'm');
  auto client = Connect();
  client->stream->SetReading(false);
  client->Say("GET /metrics HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
  ASSERT_TRUE(RunUntil(loop_, [&] { return seen_.size() == 1; }));
  io::RunReady(loop_);
  client->stream->SetReading(true);
  ASSERT_TRUE(IsClosed(*client));
  EXPECT_EQ(client->handler.errors, 0);
  EXPECT_GT(client->handler.data.size(), body_.size());
}

TEST_F(EndpointServerTest, AHalfClosedClientStillGetsItsResponse) {
  body_ = std::string(8 * 1024 * 1024, 'm');
  auto client = Connect();
  client->stream->SetReading(false);
  client->Say("GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n");
  client->stream->ShutdownWrite();
  ASSERT_TRUE(RunUntil(loop_, [&] { return seen_.size() == 1; }));
  for (int i = 0; i < 5; ++i) io::RunReady(loop_);
  client->stream->SetReading(true);
  ASSERT_TRUE(IsClosed(*client));
  EXPECT_GT(client->handler.data.size(), body_.size());
}

TEST_F(EndpointServerTest, AFloodOfConnectionsIsBoundedAndBlocksNoProbe) {
  std::vector<std::unique_ptr<Client>> clients;
  for (int i = 0; i < 140; ++i) clients.push_back(Connect());
  auto closed = [](const auto& client) {
    return client->handler.ends + client->handler.errors > 0;
  };
  EXPECT_TRUE(
      RunUntil(loop_, [&] { return std::count_if(clients.begin(), clients.end(), closed) == 12; }));
  EXPECT_EQ(std::count_if(clients.begin(), clients.begin() + 12, closed), 12)
      << "those who have been here longest make room";
  clients.back()->Say("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_TRUE(Gets(*clients.back(), "fine\n"));
}

TEST_F(EndpointServerTest, AClientThatAsksAndNeverReadsIsNotReadForEver) {
  body_ = std::string(16 * 1024, 'm');
  constexpr size_t kRequests = 40'000;  // many reads' worth
  auto client = Connect();
  client->stream->SetReading(false);
  std::string requests;
  for (size_t i = 0; i < kRequests; ++i) requests += "GET / HTTP/1.1\r\nHost: x\r\n\r\n";
  client->Say(requests);
  ASSERT_TRUE(RunUntil(loop_, [&] { return !seen_.empty(); }));
  for (int i = 0; i < 20; ++i) io::RunReady(loop_);
  EXPECT_LT(seen_.size(), kRequests / 4);
}

TEST_F(EndpointServerTest, OnePageIsRenderedForAllRequestsOfATurn) {
  std::vector<std::unique_ptr<Client>> clients;
  for (int i = 0; i < 50; ++i) clients.push_back(Connect());
  io::RunReady(loop_);
  for (const auto& client : clients) client->Say("GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n");
  for (const auto& client : clients) ASSERT_TRUE(Gets(*client, "fine\n"));
  EXPECT_LT(seen_.size(), 25u);
}

TEST_F(EndpointServerTest, APageIsRenderedAgainForLaterRequests) {
  auto client = Connect();
  client->Say("GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n");
  ASSERT_TRUE(Gets(*client, "fine\n"));
  body_ = "changed\n";
  client->Say("GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_TRUE(Gets(*client, "changed\n"));
}

TEST_F(EndpointServerTest, ClientsOfDifferentHostsGetTheirOwnAnswers) {
  auto one = Connect();
  auto other = Connect();
  one->Say("GET / HTTP/1.1\r\nHost: one\r\n\r\n");
  other->Say("GET / HTTP/1.1\r\nHost: other\r\n\r\n");
  ASSERT_TRUE(Gets(*one, "fine\n"));
  ASSERT_TRUE(Gets(*other, "fine\n"));
  EXPECT_EQ(seen_.size(), 2u) << "who asks decides whether a browser was tricked";
}

TEST_F(EndpointServerTest, AClientThatPipelinesWithoutReadingDoesNotDelayAProbe) {
  body_ = std::string(64 * 1024, 'm');
  std::string requests;
  for (int i = 0; i < 1000; ++i) requests += "GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n";
  std::vector<std::unique_ptr<Client>> greedy;
  for (int i = 0; i < 50; ++i) {
    greedy.push_back(Connect());
    greedy.back()->stream->SetReading(false);
    greedy.back()->Say(requests);
  }
  auto probe = Connect();
  const size_t before = seen_.size();
  probe->Say("GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n");
  ASSERT_TRUE(Gets(*probe, "HTTP/1.1 200"));
  EXPECT_LT(seen_.size() - before, 50u) << "a few turns, each with one page";
}

TEST_F(EndpointServerTest, ADrainAcceptsNothingAndAnswersOnceMore) {
  auto busy = Connect();
  auto idle = Connect();
  busy->Say("GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n");
  ASSERT_TRUE(Gets(*busy, "fine\n"));
  // Another process accepts from the socket.
  const io::FileDescriptor other = server_->DuplicateSocket();
  bool empty = false;
  server_->Drain(/*grace_ms=*/1000, [&] { empty = true; });
  EXPECT_FALSE(empty);
  busy->handler.data.clear();
  busy->Say("GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n");
  ASSERT_TRUE(Gets(*busy, "fine\n"));
  EXPECT_NE(busy->handler.data.find("Connection: close"), std::string::npos);
  EXPECT_TRUE(IsClosed(*busy));
  EXPECT_TRUE(IsClosed(*idle)) << "after its time";
  EXPECT_TRUE(RunUntil(loop_, [&] { return empty; }));
  const size_t before = seen_.size();
  auto late = Connect();
  late->Say("GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n");
  io::RunReady(loop_);
  EXPECT_EQ(seen_.size(), before) << "it waits for the other process";
}

TEST_F(EndpointServerTest, ADrainWithoutClientsIsOverAtOnce) {
  bool empty = false;
  server_->Drain(1000, [&] { empty = true; });
  EXPECT_TRUE(empty);
}

TEST_F(EndpointServerTest, MayGoWithClientsConnected) {
  auto client = Connect();
  server_.reset();
  EXPECT_TRUE(IsClosed(*client));
}

}  // namespace
}  // namespace mantlet::server
