#include "proxy/io/stream.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include <cerrno>
#include <csignal>
#include <memory>
#include <string>
#include <utility>

#include "gtest/gtest.h"
#include "proxy/io/file_descriptor.h"
#include "proxy/io/listener.h"
#include "test/proxy/io/loop_driver.h"
#include "test/proxy/io/recording_handler.h"
#include "test/proxy/io/temp_directory.h"

namespace mantlet::io {
namespace {

constexpr size_t kMuch = 4 * 1024 * 1024;  // more than any socket buffer here holds

// Returns bytes in which a lost, duplicate or swapped piece is visible.
std::string Pattern(size_t size) {
  std::string bytes(size, '\0');
  uint32_t x = 1;
  for (char& c : bytes) {
    x = x * 1664525 + 1013904223;
    c = static_cast<char>(x >> 24);
  }
  return bytes;
}

// Tests a Stream over one end of a socket pair; the test holds the other end.
class StreamTest : public testing::Test {
 protected:
  StreamTest() {
    // As in the daemon: a write to a closed connection is an error and does not end the process.
    signal(SIGPIPE, SIG_IGN);
    int fds[2];
    EXPECT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds), 0);
    peer_ = FileDescriptor(fds[1]);
    auto stream = Stream::FromFd(loop_, fds[0], true);
    EXPECT_TRUE(stream.ok()) << stream.status();
    stream_ = *std::move(stream);
    stream_->SetHandler(&handler_);
  }

  void PeerSends(std::string_view bytes) {
    ASSERT_EQ(send(peer_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL),
              static_cast<ssize_t>(bytes.size()));
  }
  // Reads the available bytes; sets peer_saw_end_ at the end.
  void PeerReads() {
    char buffer[64 * 1024];
    ssize_t n;
    while ((n = recv(peer_.get(), buffer, sizeof(buffer), 0)) > 0) {
      peer_got_.append(buffer, static_cast<size_t>(n));
    }
    if (n == 0) peer_saw_end_ = true;
  }
  bool PeerGets(size_t size) {
    return RunUntil(loop_, [&] {
      PeerReads();
      return peer_got_.size() >= size;
    });
  }

  Loop loop_;
  FileDescriptor peer_;
  RecordingHandler handler_;
  std::unique_ptr<Stream> stream_;
  std::string peer_got_;
  bool peer_saw_end_ = false;
};

TEST_F(StreamTest, CountsBytesThatThePeerHasNotReceived) {
  EXPECT_EQ(stream_->untaken(), 0u);
  stream_->Write(Pattern(kMuch));
  stream_->Flush();
  const size_t untaken = stream_->untaken();
  const size_t buffered = stream_->buffered();
  EXPECT_GE(untaken, kMuch);
  char piece[64 * 1024];
  ASSERT_GT(recv(peer_.get(), piece, sizeof(piece), 0), 0);
  EXPECT_LT(stream_->untaken(), untaken);
  EXPECT_EQ(stream_->buffered(), buffered) << "a part of a piece";
  ASSERT_TRUE(PeerGets(kMuch - sizeof(piece)));
  EXPECT_TRUE(RunUntil(loop_, [&] { return stream_->untaken() == 0; }));
  stream_->Close();
  EXPECT_EQ(stream_->untaken(), 0u);
}

TEST_F(StreamTest, DeliversWhatThePeerSendsAndThenItsEndOnce) {
  stream_->SetReading(true);
  PeerSends("hello");
  ASSERT_TRUE(RunUntil(loop_, [&] { return handler_.data == "hello"; }));
  EXPECT_EQ(handler_.ends, 0);
  shutdown(peer_.get(), SHUT_WR);
  ASSERT_TRUE(RunUntil(loop_, [&] { return handler_.ends > 0; }));
  stream_->SetReading(false);
  stream_->SetReading(true);
  RunReady(loop_);
  EXPECT_EQ(handler_.ends, 1);
  EXPECT_EQ(handler_.errors, 0);
}

TEST_F(StreamTest, DeliversNothingWhileItIsNotRead) {
  PeerSends("early");
  shutdown(peer_.get(), SHUT_WR);
  RunReady(loop_);
  EXPECT_EQ(handler_.data, "");
  EXPECT_EQ(handler_.ends, 0);
  stream_->SetReading(true);
  EXPECT_EQ(handler_.data, "") << "from inside SetReading";
  ASSERT_TRUE(RunUntil(loop_, [&] { return handler_.ends == 1; }));
  EXPECT_EQ(handler_.data, "early");
}

TEST_F(StreamTest, APauseInsideOnDataHoldsTheRestInTheKernel) {
  handler_.on_data = [&](std::string_view) { stream_->SetReading(false); };
  stream_->SetReading(true);
  const std::string bytes = Pattern(150'000);
  PeerSends(bytes);
  ASSERT_TRUE(RunUntil(loop_, [&] { return !handler_.data.empty(); }));
  RunReady(loop_);
  EXPECT_LE(handler_.data.size(), Loop::kReadBufferBytes);
  ASSERT_TRUE(RunUntil(loop_, [&] {
    stream_->SetReading(true);
    return handler_.data.size() >= bytes.size();
  }));
  EXPECT_EQ(handler_.data, bytes);
}

TEST_F(StreamTest, WrittenBytesWaitForTheFlush) {
  stream_->Write("one ");
  stream_->Write("two");
  EXPECT_EQ(stream_->buffered(), 7u);
  RunReady(loop_);
  PeerReads();
  EXPECT_EQ(peer_got_, "");
  stream_->Flush();
  EXPECT_EQ(stream_->buffered(), 0u);
  PeerReads();
  EXPECT_EQ(peer_got_, "one two");
  RunReady(loop_);
  EXPECT_EQ(handler_.drained, 0) << "nothing had piled up";
}

TEST_F(StreamTest, ALargeWriteLeavesInOrderBehindSmallOnes) {
  const std::string large = Pattern(32 * 1024);
  stream_->Write("head");
  stream_->Write(large);
  stream_->Write("tail");
  stream_->Flush();
  ASSERT_TRUE(PeerGets(large.size() + 8));
  EXPECT_EQ(peer_got_, "head" + large + "tail");
}

TEST_F(StreamTest, CountsBufferedBytesAndReportsTheDrainOnce) {
  const std::string bytes = Pattern(kMuch);
  stream_->Write(bytes);
  stream_->Flush();
  EXPECT_GT(stream_->buffered(), kMuch / 2);
  RunReady(loop_);
  EXPECT_EQ(handler_.drained, 0);
  handler_.on_drained = [&] { EXPECT_EQ(stream_->buffered(), 0u); };
  ASSERT_TRUE(PeerGets(kMuch));
  ASSERT_TRUE(RunUntil(loop_, [&] { return handler_.drained > 0; }));
  RunReady(loop_);
  EXPECT_EQ(handler_.drained, 1);
  EXPECT_EQ(peer_got_, bytes);
}

TEST_F(StreamTest, KeepsTheOrderOfWhatIsWrittenWhileEarlierBytesWait) {
  std::string expected;
  for (int i = 0; i < 50; ++i) {
    std::string piece = Pattern(kMuch / 50 + static_cast<size_t>(i));
    stream_->Write(piece);
    expected += piece;
    stream_->Write(std::to_string(i));
    expected += std::to_string(i);
    if (i % 3 == 0) stream_->Flush();
  }
  stream_->Flush();
  ASSERT_TRUE(PeerGets(expected.size()));
  EXPECT_TRUE(peer_got_ == expected);
}

TEST_F(StreamTest, WritingFromOnDrainedGoesOn) {
  int more = 3;
  handler_.on_drained = [&] {
    if (more-- == 0) return;
    stream_->Write(Pattern(kMuch));
    stream_->Flush();
  };
  stream_->Write(Pattern(kMuch));
  stream_->Flush();
  ASSERT_TRUE(PeerGets(4 * kMuch));
  ASSERT_TRUE(RunUntil(loop_, [&] { return handler_.drained == 4; }));
}

TEST_F(StreamTest, ShutdownFollowsEverythingWrittenAndReadingGoesOn) {
  stream_->SetReading(true);
  stream_->Write(Pattern(kMuch));
  stream_->Flush();
  stream_->ShutdownWrite();
  PeerReads();
  EXPECT_FALSE(peer_saw_end_);
  ASSERT_TRUE(RunUntil(loop_, [&] {
    PeerReads();
    return peer_saw_end_;
  }));
  EXPECT_EQ(peer_got_.size(), kMuch);
  PeerSends("still here");
  ASSERT_TRUE(RunUntil(loop_, [&] { return handler_.data == "still here"; }));
}

TEST_F(StreamTest, AFailedWriteDoesNotHideEarlierBytesOfThePeer) {
  stream_->SetReading(true);
  PeerSends("an early answer");
  peer_.Reset();
  stream_->Write("too late");
  stream_->Flush();
  ASSERT_TRUE(RunUntil(loop_, [&] { return handler_.ends + handler_.errors > 0; }));
  EXPECT_EQ(handler_.data, "an early answer");
  EXPECT_EQ(handler_.ends, 1);
  EXPECT_EQ(handler_.errors, 0);
}

TEST_F(StreamTest, AFailedWriteIsAnErrorIfReadingIsPaused) {
  peer_.Reset();
  stream_->Write("to nobody");
  stream_->Flush();
  EXPECT_EQ(handler_.errors, 0) << "never from inside Flush";
  ASSERT_TRUE(RunUntil(loop_, [&] { return handler_.errors > 0; }));
  EXPECT_EQ(handler_.code, "reset");
  EXPECT_EQ(stream_->buffered(), 0u);
  stream_->Write("ignored");
  stream_->Flush();
  stream_->ShutdownWrite();
  RunReady(loop_);
  EXPECT_EQ(handler_.errors, 1);
}

TEST_F(StreamTest, NoCallbackFollowsAClose) {
  stream_->SetReading(true);
  stream_->Write(Pattern(kMuch));
  stream_->Flush();
  PeerSends("unheard");
  stream_->Close();
  peer_.Reset();
  RunReady(loop_);
  EXPECT_EQ(handler_.data, "");
  EXPECT_EQ(handler_.ends + handler_.errors + handler_.drained, 0);
}

TEST_F(StreamTest, MayBeDestroyedInsideOnData) {
  handler_.on_data = [&](std::string_view) { stream_.reset(); };
  stream_->SetReading(true);
  PeerSends(Pattern(150'000));
  ASSERT_TRUE(RunUntil(loop_, [&] { return stream_ == nullptr; }));
  RunReady(loop_);
  EXPECT_LE(handler_.data.size(), Loop::kReadBufferBytes);
}

TEST_F(StreamTest, MayBeDestroyedInsideOnEnd) {
  handler_.on_end = [&] { stream_.reset(); };
  stream_->SetReading(true);
  peer_.Reset();
  ASSERT_TRUE(RunUntil(loop_, [&] { return stream_ == nullptr; }));
  RunReady(loop_);
}

TEST_F(StreamTest, MayBeDestroyedInsideOnStreamError) {
  handler_.on_error = [&] { stream_.reset(); };
  peer_.Reset();
  stream_->Write("x");
  stream_->Flush();
  ASSERT_TRUE(RunUntil(loop_, [&] { return stream_ == nullptr; }));
  RunReady(loop_);
}

TEST_F(StreamTest, MayBeDestroyedInsideOnDrained) {
  handler_.on_drained = [&] { stream_.reset(); };
  stream_->Write(Pattern(kMuch));
  stream_->Flush();
  ASSERT_TRUE(PeerGets(kMuch));
  ASSERT_TRUE(RunUntil(loop_, [&] { return stream_ == nullptr; }));
  RunReady(loop_);
}

TEST_F(StreamTest, MayBeDestroyedWithBytesOnTheirWay) {
  stream_->Write(Pattern(kMuch));
  stream_->Flush();
  stream_.reset();
  RunReady(loop_);
  EXPECT_EQ(handler_.errors, 0);
}

// ---- connecting

struct Connected {
  int calls = 0;
  std::string code;  // of the failure; empty if it worked
  Stream::ConnectCallback callback() {
    return [this](const StreamError* error) {
      ++calls;
      if (error != nullptr) code = ToString(error->failure);
    };
  }
};

SocketAddress Loopback(uint16_t port) {
  return SocketAddress::Resolve("127.0.0.1", port).value().front();
}

TEST(StreamConnect, ReachesATcpListenerAndCarriesBytesBothWays) {
  Loop loop;
  auto socket = OpenListeningSocket(Loopback(0));
  ASSERT_TRUE(socket.ok()) << socket.status();
  SocketAddress address = LocalAddress(socket->get()).value();
  Connected connected;
  RecordingHandler handler;
  auto stream = Stream::Connect(loop, address, connected.callback());
  stream->SetHandler(&handler);
  EXPECT_EQ(connected.calls, 0) << "never from inside Connect";
  ASSERT_TRUE(RunUntil(loop, [&] { return connected.calls > 0; }));
  EXPECT_EQ(connected.code, "");
  FileDescriptor accepted(accept(socket->get(), nullptr, nullptr));
  ASSERT_TRUE(accepted);
  stream->SetReading(true);
  stream->Write("ping");
  stream->Flush();
  char buffer[4];
  ASSERT_EQ(recv(accepted.get(), buffer, 4, MSG_WAITALL), 4);
  ASSERT_EQ(send(accepted.get(), "pong", 4, MSG_NOSIGNAL), 4);
  EXPECT_TRUE(RunUntil(loop, [&] { return handler.data == "pong"; }));
}

// Returns how many segments of this socket the peer has not acknowledged.
uint32_t Unacknowledged(int fd) {
  tcp_info info = {};
  socklen_t size = sizeof(info);
  EXPECT_EQ(getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &size), 0);
  return info.tcpi_unacked;
}

TEST(StreamConnect, AcknowledgesAtOnceOnQuickAck) {
  Loop loop;
  auto socket = OpenListeningSocket(Loopback(0));
  ASSERT_TRUE(socket.ok());
  Connected connected;
  RecordingHandler handler;
  auto stream = Stream::Connect(loop, LocalAddress(socket->get()).value(), connected.callback());
  stream->SetHandler(&handler);
  ASSERT_TRUE(RunUntil(loop, [&] { return connected.calls > 0; }));
  FileDescriptor accepted(accept(socket->get(), nullptr, nullptr));
  stream->SetReading(true);
  // The kernel delays acknowledgements after some exchanges; if the machine pauses for longer than
  // that delay, another attempt is necessary.
  uint32_t waited_for = 0;
  for (int i = 0; i < 100 && waited_for == 0; ++i) {
    handler.data.clear();
    stream->Write("question");
    stream->Flush();
    char buffer[8];
    ASSERT_EQ(recv(accepted.get(), buffer, sizeof(buffer), MSG_WAITALL), 8);
    ASSERT_EQ(send(accepted.get(), "answer", 6, MSG_NOSIGNAL), 6);
    ASSERT_TRUE(RunUntil(loop, [&] { return handler.data == "answer"; }));
    waited_for = Unacknowledged(accepted.get());
  }
  EXPECT_GT(waited_for, 0u) << "nothing was ever delayed";
  stream->QuickAck();
  EXPECT_EQ(Unacknowledged(accepted.get()), 0u);
  stream->Close();
  stream->QuickAck();
}

TEST_F(StreamTest, AUnixSocketHasNothingToAcknowledge) {
  stream_->QuickAck();
  PeerSends("x");
  stream_->SetReading(true);
  EXPECT_TRUE(RunUntil(loop_, [&] { return handler_.data == "x"; }));
}

TEST(StreamConnect, AResetByThePeerIsAnErrorCalledReset) {
  Loop loop;
  auto socket = OpenListeningSocket(Loopback(0));
  ASSERT_TRUE(socket.ok());
  Connected connected;
  RecordingHandler handler;
  auto stream = Stream::Connect(loop, LocalAddress(socket->get()).value(), connected.callback());
  stream->SetHandler(&handler);
  ASSERT_TRUE(RunUntil(loop, [&] { return connected.calls > 0; }));
  stream->SetReading(true);
  {
    FileDescriptor accepted(accept(socket->get(), nullptr, nullptr));
    linger reset{1, 0};
    setsockopt(accepted.get(), SOL_SOCKET, SO_LINGER, &reset, sizeof(reset));
  }
  ASSERT_TRUE(RunUntil(loop, [&] { return handler.errors > 0; }));
  EXPECT_EQ(handler.code, "reset");
  EXPECT_EQ(handler.ends, 0);
}

TEST(StreamConnect, AnAbortIsAResetForThePeer) {
  Loop loop;
  auto socket = OpenListeningSocket(Loopback(0));
  ASSERT_TRUE(socket.ok());
  Connected connected;
  auto stream = Stream::Connect(loop, LocalAddress(socket->get()).value(), connected.callback());
  ASSERT_TRUE(RunUntil(loop, [&] { return connected.calls > 0; }));
  FileDescriptor accepted(accept(socket->get(), nullptr, nullptr));
  stream->Abort();
  stream->Abort();
  RunReady(loop);
  char byte;
  EXPECT_EQ(recv(accepted.get(), &byte, 1, 0), -1);
  EXPECT_EQ(errno, ECONNRESET);
}

TEST_F(StreamTest, AnAbortOfAUnixSocketIsAClose) {
  stream_->Abort();
  RunReady(loop_);
  PeerReads();
  EXPECT_TRUE(peer_saw_end_);
}

TEST(StreamConnect, APortWithoutAListenerIsConnectRefused) {
  Loop loop;
  SocketAddress address;
  {
    auto socket = OpenListeningSocket(Loopback(0));
    ASSERT_TRUE(socket.ok());
    address = LocalAddress(socket->get()).value();
  }
  Connected connected;
  auto stream = Stream::Connect(loop, address, connected.callback());
  ASSERT_TRUE(RunUntil(loop, [&] { return connected.calls > 0; }));
  EXPECT_EQ(connected.code, "connect_refused");
  RunReady(loop);
  EXPECT_EQ(connected.calls, 1);
}

TEST(StreamConnect, WithoutAFreeDescriptorThisSideIsToBlame) {
  Loop loop;
  rlimit before;
  ASSERT_EQ(getrlimit(RLIMIT_NOFILE, &before), 0);
  rlimit none = before;
  none.rlim_cur = 0;
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &none), 0);
  Connected connected;
  auto stream = Stream::Connect(loop, Loopback(1), connected.callback());
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &before), 0);
  ASSERT_TRUE(RunUntil(loop, [&] { return connected.calls > 0; }));
  EXPECT_EQ(connected.code, "local");
}

TEST(StreamConnect, AMissingUnixSocketIsConnectRefused) {
  Loop loop;
  Connected connected;
  auto stream = Stream::Connect(loop, SocketAddress::Unix("/nowhere/nobody.sock").value(),
                                connected.callback());
  EXPECT_EQ(connected.calls, 0);
  ASSERT_TRUE(RunUntil(loop, [&] { return connected.calls > 0; }));
  EXPECT_EQ(connected.code, "connect_refused");
}

TEST(StreamConnect, AnImmediateFailureIsReportedLater) {
  Loop loop;
  Connected connected;
  // A TCP connection to the broadcast address: our own kernel rejects it without waiting.
  auto stream = Stream::Connect(loop, SocketAddress::Resolve("255.255.255.255", 9).value().front(),
                                connected.callback());
  EXPECT_EQ(connected.calls, 0) << "never from inside Connect";
  ASSERT_TRUE(RunUntil(loop, [&] { return connected.calls > 0; }));
  EXPECT_NE(connected.code, "");
}

TEST(StreamConnect, MakesNoCallAfterTheStreamIsDestroyed) {
  Loop loop;
  Connected connected;
  Stream::Connect(loop, SocketAddress::Unix("/nowhere/at/all").value(), connected.callback());
  Stream::Connect(loop, SocketAddress::Resolve("255.255.255.255", 9).value().front(),
                  connected.callback());
  RunReady(loop);
  EXPECT_EQ(connected.calls, 0);
}

TEST(StreamConnect, MakesNoCallAfterTheStreamIsClosed) {
  Loop loop;
  Connected connected;
  auto missing =
      Stream::Connect(loop, SocketAddress::Unix("/nowhere/at/all").value(), connected.callback());
  auto socket = OpenListeningSocket(Loopback(0));
  ASSERT_TRUE(socket.ok());
  auto listening = Stream::Connect(loop, LocalAddress(socket->get()).value(), connected.callback());
  missing->Close();
  listening->Close();
  RunReady(loop);
  EXPECT_EQ(connected.calls, 0);
}

TEST(StreamConnect, AFullQueueOfAUnixSocketIsReported) {
  Loop loop;
  TempDirectory directory;
  const SocketAddress address = SocketAddress::Unix(directory.File("full.sock")).value();
  FileDescriptor listening(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  ASSERT_EQ(bind(listening.get(), address.data(), address.size()), 0);
  ASSERT_EQ(listen(listening.get(), 0), 0);
  Connected first, second;
  auto taken = Stream::Connect(loop, address, first.callback());
  auto refused = Stream::Connect(loop, address, second.callback());
  ASSERT_TRUE(RunUntil(loop, [&] { return first.calls > 0 && second.calls > 0; }));
  EXPECT_EQ(first.code, "");
  EXPECT_EQ(second.code, "queue_full");
}

TEST(StreamConnect, MayBeDestroyedInsideItsCallback) {
  Loop loop;
  std::unique_ptr<Stream> stream;
  stream = Stream::Connect(loop, SocketAddress::Unix("/nowhere/at/all").value(),
                           [&](const StreamError*) { stream.reset(); });
  ASSERT_TRUE(RunUntil(loop, [&] { return stream == nullptr; }));
}

}  // namespace
}  // namespace mantlet::io
