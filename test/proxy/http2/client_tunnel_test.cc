#include <memory>
#include <string>
#include <utility>

#include "gtest/gtest.h"
#include "proxy/http/websocket.h"
#include "test/proxy/http2/client_codec_fixture.h"
#include "test/proxy/io/recording_handler.h"

namespace mantlet::http2 {
namespace {

using base::ErrorReason;

TEST(WebSocketAccept, IsThatOfTheSpecification) {
  EXPECT_EQ(http::WebSocketAccept("dGhlIHNhbXBsZSBub25jZQ=="), "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
  // One block more for the padding.
  EXPECT_EQ(http::WebSocketAccept(std::string(20, 'a')), "dUYRM7bOMwDmbriNIPr11x+r3E0=");
}

class ClientTunnelTest : public ClientCodecTest {
 protected:
  std::unique_ptr<ClientStream> AskForATunnel(RecordingResponse& response) {
    http::RequestHead head = Get("/chat");
    head.upgrade = "websocket";
    head.headers.Add("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ==");
    head.headers.Add("Sec-WebSocket-Version", "13");
    http::RequestForwarding forwarding = how();
    forwarding.tunnel_upgrade = true;
    std::unique_ptr<ClientStream> stream = codec().OpenStream();
    stream->WriteHead(head, forwarding, response);
    stream->WriteEnd({});
    stream->Flush();
    return stream;
  }
  void AllowConnect() { server({{NGHTTP2_SETTINGS_ENABLE_CONNECT_PROTOCOL, 1}}); }
  // A tunnel that has begun; its stream has `bytes_` as its handler.
  void Open() {
    codec();
    AllowConnect();
    Run();
    stream_ = AskForATunnel(response_);
    response_.on_end = [this] { tunnel_ = stream_->TakeUpgraded().stream; };
    Run();
    server().Head(1, {{":status", "200"}});
    Run();
    ASSERT_NE(tunnel_, nullptr) << response_.events;
    tunnel_->SetHandler(&bytes_);
    tunnel_->SetReading(true);
  }

  RecordingResponse response_;
  io::RecordingHandler bytes_;
  std::unique_ptr<io::ByteStream> tunnel_;
  std::unique_ptr<ClientStream> stream_;
};

TEST_F(ClientTunnelTest, AnUpgradeBecomesAnExtendedConnectOnceTheSettingsAreKnown) {
  const auto stream = AskForATunnel(response_);
  io::RunReady(loop_);
  AllowConnect();
  Run();
  EXPECT_TRUE(server().Find("HEADERS").starts_with(
      "HEADERS 1 :method=CONNECT :scheme=http :authority=a.example :path=/chat "
      ":protocol=websocket sec-websocket-version=13 "))
      << server().Find("HEADERS");
  EXPECT_EQ(server().Find("HEADERS").find("sec-websocket-key"), std::string::npos);
  EXPECT_EQ(server().Find("HEADERS").find(" END"), std::string::npos);
  server().Head(1, {{":status", "200"}});
  Run();
  EXPECT_EQ(response_.events, "head 101|end|");
  EXPECT_EQ(response_.head->headers.Find("upgrade"), "websocket");
  EXPECT_EQ(response_.head->headers.Find("connection"), "Upgrade");
  EXPECT_EQ(response_.head->headers.Find("sec-websocket-accept"), "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
}

TEST_F(ClientTunnelTest, WithoutTheSettingItIsAnErrorThatNamesTheReason) {
  const auto stream = AskForATunnel(response_);
  server();
  Run();
  ASSERT_TRUE(response_.error);
  EXPECT_EQ(response_.error->reason, ErrorReason::kUpstreamProtocol);
  EXPECT_EQ(response_.error->status(), 502);
  EXPECT_NE(response_.error->detail.find("RFC 8441"), std::string::npos);
  EXPECT_EQ(server().Count("HEADERS"), 0u);
}

TEST_F(ClientTunnelTest, ARefusalIsAnOrdinaryResponse) {
  codec();
  AllowConnect();
  Run();
  auto stream = AskForATunnel(response_);
  Run();
  server().Head(1, {{":status", "403"}});
  server().Data(1, "no", true);
  Run();
  EXPECT_EQ(response_.events, "head 403|body|end|");
  stream.reset();
  Run();
  EXPECT_EQ(server().Find("RST_STREAM"), "RST_STREAM 1 CANCEL");
}

TEST_F(ClientTunnelTest, CarriesBytesBothWaysAndHalfCloses) {
  Open();
  tunnel_->Write("ping");
  tunnel_->Flush();
  Run();
  EXPECT_EQ(server().content[1], "ping");
  server().Data(1, "pong");
  Run();
  EXPECT_EQ(bytes_.data, "pong");
  tunnel_->ShutdownWrite();
  Run();
  EXPECT_EQ(server().Count("DATA 1 END"), 1u);
  server().Data(1, "rest", true);
  Run();
  EXPECT_EQ(bytes_.data, "pongrest");
  EXPECT_EQ(bytes_.ends, 1);
  tunnel_->Close();
  Run();
  EXPECT_EQ(server().Count("RST_STREAM"), 0u) << "both sides had ended it";
}

TEST_F(ClientTunnelTest, KeepsWhatComesBeforeItIsTaken) {
  codec();
  AllowConnect();
  Run();
  stream_ = AskForATunnel(response_);
  Run();
  server().Head(1, {{":status", "200"}});
  server().Data(1, "early");
  Run();
  tunnel_ = stream_->TakeUpgraded().stream;
  tunnel_->SetHandler(&bytes_);
  tunnel_->SetReading(true);
  EXPECT_EQ(bytes_.data, "") << "never from inside the call";
  Run();
  EXPECT_EQ(bytes_.data, "early");
}

TEST_F(ClientTunnelTest, WhileItIsNotReadTheWindowStaysClosed) {
  Open();
  tunnel_->SetReading(false);
  server().Data(1, std::string(1024 * 1024, 'x'));
  Run();
  EXPECT_EQ(server().Count("WINDOW_UPDATE 1 "), 0u);
  EXPECT_EQ(bytes_.data, "");
  tunnel_->SetReading(true);
  Run();
  EXPECT_EQ(bytes_.data.size(), 1024u * 1024);
}

TEST_F(ClientTunnelTest, ReportsWhenTheUpstreamHasTakenEverything) {
  Open();
  tunnel_->Write(std::string(100'000, 'x'));
  tunnel_->Flush();
  EXPECT_GT(tunnel_->buffered(), 0u);
  Run();
  EXPECT_EQ(tunnel_->buffered(), 0u);
  EXPECT_EQ(bytes_.drained, 1);
}

TEST_F(ClientTunnelTest, ClosingItCancelsTheStream) {
  Open();
  tunnel_->Close();
  server().Data(1, "late");
  Run();
  EXPECT_EQ(server().Find("RST_STREAM"), "RST_STREAM 1 CANCEL");
  EXPECT_EQ(bytes_.data, "");
}

TEST_F(ClientTunnelTest, AResetOrALostConnectionBreaksIt) {
  Open();
  server().Data(1, "last");
  server().Reset(1, NGHTTP2_CANCEL);
  Run();
  EXPECT_EQ(bytes_.data, "last");
  EXPECT_EQ(bytes_.errors, 1);
  EXPECT_EQ(bytes_.ends, 0);
}

TEST_F(ClientTunnelTest, BothOwnersMayGoFirst) {
  Open();
  stream_.reset();
  tunnel_->Write("x");
  tunnel_->Flush();
  EXPECT_EQ(tunnel_->buffered(), 0u);
  tunnel_.reset();
  Run();
  EXPECT_EQ(server().Find("RST_STREAM"), "RST_STREAM 1 CANCEL");
}

TEST_F(ClientTunnelTest, TheHandlerMayDestroyItInACallback) {
  Open();
  bytes_.on_data = [this](std::string_view) { tunnel_.reset(); };
  server().Data(1, "x");
  Run();
  EXPECT_EQ(tunnel_, nullptr);
  server().Data(1, "y");
  Run();
  EXPECT_EQ(bytes_.data, "x");
}

}  // namespace
}  // namespace mantlet::http2
