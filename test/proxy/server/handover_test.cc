// HandoverClient and HandoverServer with each other, over a socket; the client on a thread.

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <functional>
#include <future>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "gtest/gtest.h"
#include "proxy/io/listening_socket.h"
#include "proxy/io/packet_socket.h"
#include "proxy/server/handover_client.h"
#include "proxy/server/handover_server.h"
#include "test/proxy/io/loop_driver.h"
#include "test/proxy/io/temp_directory.h"

namespace mantlet::server {
namespace {

constexpr int64_t kPatientMs = 20'000;

class HandoverTest : public testing::Test {
 protected:
  HandoverTest() : path_(directory_.File("upgrade.sock")) { Serve(HandoverServer::kDeadlineMs); }

  void Serve(int64_t deadline_ms) {
    server_.reset();
    unlink(path_.c_str());
    server_ = std::make_unique<HandoverServer>(
        loop_, OpenUpgradeSocket(), logger_,
        HandoverServer::Actions{.refusal = [this] { return refusal_; },
                                .collect =
                                    [this](auto done) {
                                      collected_ = std::move(done);
                                      if (!collect_later_) Collect();
                                    },
                                .hand_over =
                                    [this](const auto& taken, int64_t pid) {
                                      for (const PassedSockets* passed : taken)
                                        taken_.push_back(passed->name);
                                      successor_ = pid;
                                    },
                                .failed = [this] { ++failures_; }},
        deadline_ms);
  }
  io::FileDescriptor OpenUpgradeSocket() const {
    return io::OpenListeningSocket(io::SocketAddress::Unix(path_).value(), {.packets = true})
        .value();
  }
  void Collect() {
    std::vector<PassedSockets> all;
    for (const auto& [name, count] : passed_) {
      all.push_back({SocketUse::kListener, name, "", {}});
      const auto address = io::SocketAddress::Resolve("127.0.0.1", 0).value().front();
      for (int i = 0; i < count; ++i) {
        // Copies of one socket do not use up the ports.
        all.back().sockets.push_back(
            i == 0
                ? io::OpenListeningSocket(address).value()
                : io::FileDescriptor(fcntl(all.back().sockets.front().get(), F_DUPFD_CLOEXEC, 3)));
      }
    }
    collected_(std::move(all));
  }
  // Runs the loop until `client` is done on its own thread.
  void Run(const std::function<void()>& client) {
    std::atomic<bool> done = false;
    std::thread thread([&] {
      client();
      done = true;
    });
    EXPECT_TRUE(io::RunUntil(loop_, [&] { return done.load(); }));
    thread.join();
    io::RunReady(loop_);
  }
  // For the client's thread: asks on the loop's.
  bool InProgress() {
    auto answer = std::make_shared<std::promise<bool>>();
    std::future<bool> answered = answer->get_future();
    loop_.Post([this, answer] { answer->set_value(server_->in_progress()); });
    return answered.get();
  }
  HandoverClient Connect() const {
    auto client = HandoverClient::Connect(path_, geteuid(), kPatientMs);
    EXPECT_TRUE(client.ok()) << client.status();
    return *std::move(client);
  }

  io::TempDirectory directory_;
  const std::string path_;
  io::Loop loop_;
  base::CapturedLog captured_;
  base::Logger logger_{base::LogFormat::kJson, base::LogLevel::kDebug, captured_.sink()};
  std::vector<std::pair<std::string, int>> passed_ = {{"public", 2}, {"gone", 1}};
  bool collect_later_ = false;
  std::function<void(absl::StatusOr<std::vector<PassedSockets>>)> collected_;
  std::string refusal_;
  std::vector<std::string> taken_;
  int64_t successor_ = 0;
  int failures_ = 0;
  std::unique_ptr<HandoverServer> server_;
};

TEST_F(HandoverTest, PassesTheSocketsAndLearnsWhichWereTaken) {
  Run([&] {
    HandoverClient client = Connect();
    auto received = client.Receive();
    ASSERT_TRUE(received.ok()) << received.status();
    EXPECT_EQ(client.pid(), getpid());
    EXPECT_TRUE(InProgress());
    EXPECT_EQ(received
                  ->TakeTcp(SocketUse::kListener, "public",
                            io::SocketAddress::Resolve("127.0.0.1", 0)->front(), false)
                  .size(),
              2u);
    EXPECT_TRUE(client.TakeOver(received->Finish()).ok());
  });
  EXPECT_EQ(taken_, std::vector<std::string>{"public"});
  EXPECT_EQ(successor_, getpid());
  EXPECT_FALSE(server_->in_progress());
  EXPECT_EQ(failures_, 0);
}

TEST_F(HandoverTest, PassesMoreSocketsThanOneMessageHolds) {
  passed_ = {{"many", 601}, {"empty", 0}, {"few", 1}};
  size_t many = 0;
  Run([&] {
    HandoverClient client = Connect();
    auto received = client.Receive();
    ASSERT_TRUE(received.ok()) << received.status();
    many = received
               ->TakeTcp(SocketUse::kListener, "many",
                         io::SocketAddress::Resolve("127.0.0.1", 0)->front(), false)
               .size();
    EXPECT_TRUE(client.TakeOver(received->Finish()).ok());
  });
  EXPECT_EQ(many, 601u);
  EXPECT_EQ(taken_, (std::vector<std::string>{"many", "many", "many"}));
}

TEST_F(HandoverTest, ARefusalHasItsReason) {
  refusal_ = "it is draining";
  Run([&] {
    const absl::Status status = Connect().Receive().status();
    EXPECT_NE(status.message().find("it is draining"), std::string::npos) << status;
  });
  EXPECT_EQ(failures_, 0) << "nothing had begun";
}

TEST_F(HandoverTest, ALackOfDescriptorsIsTold) {
  collect_later_ = true;
  Run([&] {
    std::thread other([&] {
      const absl::Status status = Connect().Receive().status();
      EXPECT_NE(status.message().find("no free"), std::string::npos) << status;
    });
    while (!InProgress()) std::this_thread::yield();
    loop_.Post([&] { collected_(absl::ResourceExhaustedError("no free descriptors")); });
    other.join();
  });
  EXPECT_EQ(failures_, 1);
}

TEST_F(HandoverTest, ASuccessorThatGoesWhileTheSocketsAreCollectedIsForgotten) {
  collect_later_ = true;
  Run([&] {
    auto fd = io::ConnectPacketSocket(path_, std::chrono::milliseconds(kPatientMs));
    ASSERT_TRUE(io::SendPacket(fd->get(), HandoverSignal(HandoverMessage::Type::kHello)).ok());
    while (!InProgress()) std::this_thread::yield();
  });
  EXPECT_TRUE(io::RunUntil(loop_, [&] { return failures_ == 1; }));
  Collect();  // too late
  EXPECT_FALSE(server_->in_progress());
  collect_later_ = false;
  Run([&] { EXPECT_TRUE(Connect().Receive().ok()); });
}

TEST_F(HandoverTest, AfterTheDeadlineTheSuccessorMayNotTakeOver) {
  Serve(/*deadline_ms=*/50);
  Run([&] {
    HandoverClient client = Connect();
    auto received = client.Receive();
    ASSERT_TRUE(received.ok()) << received.status();
    while (InProgress()) std::this_thread::yield();
    const absl::Status status = client.TakeOver(received->Finish());
    EXPECT_TRUE(absl::IsFailedPrecondition(status)) << status;
  });
  EXPECT_EQ(failures_, 1);
  EXPECT_TRUE(taken_.empty());
}

TEST_F(HandoverTest, WithoutAProcessThereIsNothingToTakeOver) {
  server_.reset();
  EXPECT_TRUE(absl::IsNotFound(HandoverClient::Connect(path_, 0, kPatientMs).status()))
      << "nobody listens at the file";
  unlink(path_.c_str());
  EXPECT_TRUE(absl::IsNotFound(HandoverClient::Connect(path_, 0, kPatientMs).status()));
}

TEST_F(HandoverTest, AProcessThatDoesNotAnswerIsGivenUp) {
  server_.reset();
  unlink(path_.c_str());
  const io::FileDescriptor silent = OpenUpgradeSocket();
  auto client = HandoverClient::Connect(path_, geteuid(), /*timeout_ms=*/50);
  ASSERT_TRUE(client.ok());
  const absl::Status status = client->Receive().status();
  EXPECT_NE(status.message().find("hangs"), std::string::npos) << status;
}

// Descriptors of messages that are not understood, or that have too many, must not stay open.
TEST(PacketSocket, ClosesTheDescriptorsOfWhatItDrops) {
  int ends[2];
  ASSERT_EQ(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends), 0);
  const io::FileDescriptor one(ends[0]);
  const io::FileDescriptor other(ends[1]);
  int lowest = 0;
  for (int i = 0; i < 3; ++i) {
    const std::vector<int> descriptors(io::kMaxPacketDescriptors, one.get());
    ASSERT_TRUE(io::SendPacket(one.get(), "x", descriptors).ok());
    {
      auto packet = io::ReceivePacket(other.get());
      ASSERT_TRUE(packet.ok()) << packet.status();
      EXPECT_EQ(packet->descriptors.size(), io::kMaxPacketDescriptors);
      EXPECT_NE(fcntl(packet->descriptors.front().get(), F_GETFD) & FD_CLOEXEC, 0);
    }
    const io::FileDescriptor next(fcntl(one.get(), F_DUPFD_CLOEXEC, 3));
    if (i == 0) lowest = next.get();
    EXPECT_EQ(next.get(), lowest);
  }
  EXPECT_TRUE(absl::IsInvalidArgument(
      io::SendPacket(one.get(), "x", std::vector<int>(io::kMaxPacketDescriptors + 1, 0))));
  EXPECT_TRUE(absl::IsInvalidArgument(
      io::SendPacket(one.get(), std::string(io::kMaxPacketBytes + 1, 'x'))));
  const std::string large(io::kMaxPacketBytes + 1, 'x');
  ASSERT_GT(send(one.get(), large.data(), large.size(), 0), 0);
  EXPECT_TRUE(absl::IsInvalidArgument(io::ReceivePacket(other.get()).status()));
}

TEST(PacketSocket, ReceivesTheLastMessageOfAPeerThatClosedWithoutReading) {
  int ends[2];
  ASSERT_EQ(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends), 0);
  io::FileDescriptor one(ends[0]);
  const io::FileDescriptor other(ends[1]);
  ASSERT_TRUE(io::SendPacket(other.get(), "hello").ok());
  ASSERT_TRUE(io::SendPacket(one.get(), "refused").ok());
  one.Reset();
  const auto packet = io::ReceivePacket(other.get());
  ASSERT_TRUE(packet.ok()) << packet.status();
  EXPECT_EQ(packet->bytes, "refused");
  EXPECT_TRUE(absl::IsCancelled(io::ReceivePacket(other.get()).status()));
}

TEST(PacketSocket, TellsAClosedPeerFromOneThatIsSilent) {
  int ends[2];
  ASSERT_EQ(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends), 0);
  io::FileDescriptor one(ends[0]);
  const io::FileDescriptor other(ends[1]);
  EXPECT_TRUE(absl::IsDeadlineExceeded(io::ReceivePacket(other.get()).status()));
  one.Reset();
  EXPECT_TRUE(absl::IsCancelled(io::ReceivePacket(other.get()).status()));
  EXPECT_TRUE(absl::IsCancelled(io::SendPacket(other.get(), "x")));
}

}  // namespace
}  // namespace mantlet::server
