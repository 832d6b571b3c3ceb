// Tests the bytes after the handshake.

#include "proxy/tls/server_stream.h"

#include <string>

#include "gtest/gtest.h"
#include "test/proxy/tls/server_side.h"

namespace mantlet::tls {
namespace {

std::string Pattern(size_t size) {
  std::string bytes(size, '\0');
  uint32_t x = 7;
  for (char& c : bytes) {
    x = x * 1664525 + 1013904223;
    c = static_cast<char>(x >> 24);
  }
  return bytes;
}

// Returns the number of TLS records in `wire`.
int Records(std::string_view wire) {
  int count = 0;
  while (wire.size() >= 5) {
    const size_t size = static_cast<uint8_t>(wire[3]) * 256u + static_cast<uint8_t>(wire[4]);
    wire.remove_prefix(std::min(wire.size(), 5 + size));
    ++count;
  }
  return count;
}

class ServerStreamTest : public testing::Test {
 protected:
  ServerStreamTest() : client_({}) {
    server_.Meet(client_);
    EXPECT_TRUE(server_.peer.has_value());
  }
  io::RecordingHandler& handler() { return server_.handler; }
  io::Wire& wire() { return *server_.wire; }
  ServerStream& stream() { return *server_.stream; }
  void ClientSends(std::string_view bytes) {
    client_.Write(bytes);
    wire().Arrive(client_.TakeOutgoing());
  }

  ServerSide server_;
  MemoryClient client_;
};

TEST_F(ServerStreamTest, CarriesBytesBothWays) {
  ClientSends("question");
  EXPECT_EQ(handler().data, "question");
  stream().Write("answer");
  stream().Flush();
  client_.Pump(wire());
  EXPECT_EQ(client_.received(), "answer");
}

TEST_F(ServerStreamTest, ABigTransferArrivesWholeInBothDirections) {
  const std::string up = Pattern(10 * 1024 * 1024), down = Pattern(9 * 1024 * 1024 + 1);
  wire().piece_bytes = 7001;  // records and reads end in different places
  ClientSends(up);
  EXPECT_TRUE(handler().data == up);
  for (size_t at = 0; at < down.size(); at += 100'000) {
    stream().Write(std::string_view(down).substr(at, 100'000));
  }
  stream().Flush();
  client_.Pump(wire());
  EXPECT_TRUE(client_.received() == down);
}

TEST_F(ServerStreamTest, RecordsThatArriveByteByByteAreDeliveredWhole) {
  wire().piece_bytes = 1;
  ClientSends("slow");
  EXPECT_EQ(handler().data, "slow");
}

TEST_F(ServerStreamTest, SmallWritesWaitForTheFlushAndShareOneRecord) {
  for (int i = 0; i < 100; ++i) stream().Write("0123456789");
  EXPECT_EQ(stream().buffered(), 1000u);
  EXPECT_EQ(wire().sent + wire().pending, "");
  stream().Flush();
  EXPECT_EQ(Records(wire().sent), 1);
  client_.Pump(wire());
  EXPECT_EQ(client_.received().size(), 1000u);
}

TEST_F(ServerStreamTest, SmallAndLargeWritesKeepTheirOrder) {
  const std::string large = Pattern(100'000);
  stream().Write("head");
  stream().Write(large);
  stream().Write("tail");
  stream().Flush();
  client_.Pump(wire());
  EXPECT_TRUE(client_.received() == "head" + large + "tail");
}

TEST_F(ServerStreamTest, CountsBufferedBytesAndReportsTheDrain) {
  wire().room = 0;
  stream().Write(Pattern(50'000));
  stream().Flush();
  EXPECT_GT(stream().buffered(), 50'000u);
  wire().Take(10'000);
  EXPECT_EQ(handler().drained, 0);
  handler().on_drained = [&] { EXPECT_EQ(stream().buffered(), 0u); };
  wire().Take(SIZE_MAX);
  EXPECT_EQ(handler().drained, 1);
}

TEST_F(ServerStreamTest, APauseKeepsBytesInHandAndInOrder) {
  const std::string bytes = Pattern(1024 * 1024);
  wire().piece_bytes = 200'000;  // a dozen records in one read
  handler().on_data = [&](std::string_view) { stream().SetReading(false); };
  ClientSends(bytes);
  const size_t first = handler().data.size();
  EXPECT_GT(first, 0u);
  EXPECT_LT(first, 200'000u) << "the pause came too late";
  server_.Turn();
  EXPECT_EQ(handler().data.size(), first) << "delivered in spite of the pause";
  for (int turns = 0; turns < 1000 && handler().data.size() < bytes.size(); ++turns) {
    const size_t before = handler().data.size();
    stream().SetReading(true);
    EXPECT_EQ(handler().data.size(), before) << "from inside SetReading";
    server_.Turn();
  }
  EXPECT_TRUE(handler().data == bytes);
}

TEST_F(ServerStreamTest, APauseAndAResumeInOneCallbackLoseNothing) {
  const std::string bytes = Pattern(500'000);
  wire().piece_bytes = 200'000;
  handler().on_data = [&](std::string_view) {
    stream().SetReading(false);
    stream().SetReading(true);
  };
  ClientSends(bytes);
  for (int turns = 0; turns < 10; ++turns) server_.Turn();
  EXPECT_TRUE(handler().data == bytes);
}

TEST_F(ServerStreamTest, BytesBehindTheHandshakeInOneReadAreDelivered) {
  ServerSide server;
  server.wire->piece_bytes = SIZE_MAX;
  MemoryClient client({});
  server.Start();
  server.wire->Arrive(client.TakeOutgoing());
  // The client's Finished and its first request arrive together.
  std::string held;
  {
    io::Wire relay;
    relay.sent = server.wire->sent;
    server.wire->sent.clear();
    relay.handler = nullptr;  // keeps what the client sends in relay.inbox
    client.Pump(relay);
    held = relay.inbox;
  }
  client.Write("first request");
  server.wire->Arrive(held + client.TakeOutgoing());
  ASSERT_TRUE(server.peer.has_value());
  EXPECT_EQ(server.handler.data, "first request");
}

TEST_F(ServerStreamTest, AHandlerThatPausesWhenTheHandshakeIsDoneGetsTheBytesLater) {
  ServerSide server;
  server.wire->piece_bytes = SIZE_MAX;
  server.on_done = [&] { server.stream->SetReading(false); };
  MemoryClient client({});
  server.Meet(client);
  client.Write("hello");
  server.wire->Arrive(client.TakeOutgoing());
  server.Turn();
  EXPECT_EQ(server.handler.data, "");
  server.stream->SetReading(true);
  server.Turn();
  EXPECT_EQ(server.handler.data, "hello");
}

// ---- ends

TEST_F(ServerStreamTest, CloseNotifyIsTheEndOfOneDirectionOnly) {
  client_.Write("last words");
  client_.SendCloseNotify();
  wire().Arrive(client_.TakeOutgoing());
  EXPECT_EQ(handler().data, "last words");
  EXPECT_EQ(handler().ends, 1);
  stream().Write("still answered");
  stream().Flush();
  client_.Pump(wire());
  EXPECT_EQ(client_.received(), "still answered");
  wire().ArriveEnd();
  EXPECT_EQ(handler().ends, 1) << "the FIN behind close_notify is no second end";
}

TEST_F(ServerStreamTest, AnEndWithoutCloseNotifyIsAnError) {
  ClientSends("cut");
  wire().ArriveEnd();
  EXPECT_EQ(handler().data, "cut");
  EXPECT_EQ(handler().ends, 0);
  EXPECT_EQ(handler().errors, 1);
}

TEST_F(ServerStreamTest, ATruncatedRecordIsNotDelivered) {
  client_.Write("never whole");
  std::string record = client_.TakeOutgoing();
  record.pop_back();
  wire().Arrive(record);
  wire().ArriveEnd();
  EXPECT_EQ(handler().data, "");
  EXPECT_EQ(handler().ends + handler().errors, 1);
}

// Both arrive in one read: when the handler responds to the first, the library has already rejected
// the second.
TEST_F(ServerStreamTest, AResponseThatCanNoLongerBeEncryptedDoesNotLookComplete) {
  handler().on_data = [&](std::string_view) {
    stream().Write("answer");
    stream().Flush();
    stream().ShutdownWrite();
  };
  client_.Write("question");
  std::string records = client_.TakeOutgoing();
  client_.Write("another");
  records += client_.TakeOutgoing();
  records.back() = static_cast<char>(records.back() ^ 1);
  wire().Arrive(records);
  server_.Turn();
  EXPECT_EQ(handler().data, "question");
  EXPECT_EQ(handler().errors, 1);
  EXPECT_EQ(handler().code, "tls");
  EXPECT_NE(handler().detail.find("cannot be decrypted"), std::string::npos) << handler().detail;
  client_.Pump(wire());
  EXPECT_FALSE(client_.got_close_notify());
}

TEST_F(ServerStreamTest, AnEndDuringAPauseIsReportedAfterIt) {
  handler().on_data = [&](std::string_view) { stream().SetReading(false); };
  client_.Write("bytes");
  client_.SendCloseNotify();
  wire().Arrive(client_.TakeOutgoing());
  wire().ArriveEnd();
  server_.Turn();
  EXPECT_EQ(handler().ends, 0);
  stream().SetReading(true);
  server_.Turn();
  EXPECT_EQ(handler().data, "bytes");
  EXPECT_EQ(handler().ends, 1);
}

TEST_F(ServerStreamTest, ShutdownWriteSendsEverythingAndThenCloseNotify) {
  stream().Write("the end");
  stream().ShutdownWrite();
  stream().Write("ignored");
  stream().Flush();
  client_.Pump(wire());
  EXPECT_EQ(client_.received(), "the end");
  EXPECT_TRUE(client_.got_close_notify());
  EXPECT_TRUE(wire().shutdown);
  ClientSends("heard");
  EXPECT_EQ(handler().data, "heard");
}

TEST_F(ServerStreamTest, CloseSendsNoCloseNotifySoThatTruncationShows) {
  stream().Write("half of a resp");
  stream().Flush();
  stream().Close();
  client_.Pump(wire());
  EXPECT_EQ(client_.received(), "half of a resp");
  EXPECT_FALSE(client_.got_close_notify());
  EXPECT_FALSE(wire().open);
}

TEST_F(ServerStreamTest, AbortResetsTheTransportWithoutCloseNotify) {
  stream().Abort();
  client_.Pump(wire());
  EXPECT_TRUE(wire().aborted);
  EXPECT_FALSE(client_.got_close_notify());
}

TEST_F(ServerStreamTest, ATamperedRecordIsAnErrorAndAnAlert) {
  client_.Write("tampered");
  std::string record = client_.TakeOutgoing();
  record.back() ^= 1;
  wire().Arrive(record);
  EXPECT_EQ(handler().data, "");
  EXPECT_EQ(handler().errors, 1);
  EXPECT_EQ(handler().code, "tls");
  client_.Pump(wire());
  EXPECT_EQ(client_.alert(), SSL_AD_BAD_RECORD_MAC);
}

TEST_F(ServerStreamTest, NothingIsReportedAfterAnError) {
  wire().room = 0;
  stream().Write("stuck");
  stream().Flush();
  client_.Write("tampered");
  std::string record = client_.TakeOutgoing();
  record.back() ^= 1;
  wire().Arrive(record);
  ASSERT_EQ(handler().errors, 1);
  wire().Arrive("more");
  wire().Take(SIZE_MAX);
  wire().ArriveEnd();
  wire().Break(io::StreamFailure::kReset);
  EXPECT_EQ(handler().errors, 1);
  EXPECT_EQ(handler().ends + handler().drained, 0);
}

TEST_F(ServerStreamTest, ATamperedRecordBehindGoodOnesKeepsItsReason) {
  // The handler writes, which uses the library in between.
  handler().on_data = [&](std::string_view) {
    stream().Write(Pattern(20'000));
    stream().Flush();
  };
  client_.Write("good");
  std::string records = client_.TakeOutgoing();
  client_.Write("tampered");
  records += client_.TakeOutgoing();
  records.back() ^= 1;
  wire().Arrive(records);
  EXPECT_EQ(handler().data, "good");
  EXPECT_EQ(handler().errors, 1);
  EXPECT_NE(handler().detail.find("cannot be decrypted"), std::string::npos) << handler().detail;
}

TEST_F(ServerStreamTest, ABrokenTransportIsAnError) {
  wire().Break(io::StreamFailure::kReset);
  EXPECT_EQ(handler().errors, 1);
  EXPECT_EQ(handler().code, "reset");
}

TEST_F(ServerStreamTest, RespondsToAKeyUpdate) {
  client_.UpdateKeys();
  ClientSends("with new keys");
  EXPECT_EQ(handler().data, "with new keys");
  stream().Write("and ours");
  stream().Flush();
  client_.Pump(wire());
  EXPECT_EQ(client_.received(), "and ours");
}

// ---- destruction inside callbacks

TEST_F(ServerStreamTest, MayBeDestroyedInsideOnData) {
  handler().on_data = [&](std::string_view) { server_.stream.reset(); };
  wire().piece_bytes = SIZE_MAX;
  ClientSends(Pattern(300'000));
  EXPECT_TRUE(wire().destroyed);
  EXPECT_LT(handler().data.size(), 300'000u);
}

TEST_F(ServerStreamTest, MayBeClosedInsideOnData) {
  handler().on_data = [&](std::string_view) { stream().Close(); };
  wire().piece_bytes = SIZE_MAX;
  ClientSends(Pattern(300'000));
  EXPECT_LT(handler().data.size(), 300'000u);
  EXPECT_EQ(handler().ends + handler().errors, 0);
}

TEST_F(ServerStreamTest, MayBeDestroyedInsideOnEnd) {
  handler().on_end = [&] { server_.stream.reset(); };
  client_.SendCloseNotify();
  wire().Arrive(client_.TakeOutgoing());
  EXPECT_TRUE(wire().destroyed);
}

TEST_F(ServerStreamTest, MayBeDestroyedInsideOnStreamError) {
  handler().on_error = [&] { server_.stream.reset(); };
  client_.Write("x");
  std::string record = client_.TakeOutgoing();
  record.back() ^= 1;
  wire().Arrive(record);
  EXPECT_TRUE(wire().destroyed);
}

TEST_F(ServerStreamTest, MayBeDestroyedBeforeAResumeTakesEffect) {
  handler().on_data = [&](std::string_view) { stream().SetReading(false); };
  wire().piece_bytes = SIZE_MAX;
  ClientSends(Pattern(300'000));
  stream().SetReading(true);
  const size_t before = handler().data.size();
  server_.stream.reset();
  server_.Turn();
  EXPECT_EQ(handler().data.size(), before);
}

}  // namespace
}  // namespace mantlet::tls
