#include "proxy/server/worker.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <future>
#include <map>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "certs/generation_loader.h"
#include "gtest/gtest.h"
#include "proxy/io/listening_socket.h"
#include "proxy/observe/access_log_sink.h"
#include "proxy/observe/metrics.h"
#include "test/certs/material_helper.h"

namespace mantlet::server {
namespace {

// Much longer than any step takes on a busy machine.
constexpr auto kLate = std::chrono::seconds(20);

class WorkerTest : public testing::Test {
 protected:
  WorkerTest() : config_(certs::OneListener()) {
    config::Upstream app;
    app.name = "app";
    app.address.host = "127.0.0.1";
    app.address.port = 8080;
    config_.upstreams = {app};
    config_.listeners[0].upstream = "app";
  }

  // Builds the snapshot of `config_`; contexts and policies of the last one are reused.
  SnapshotPtr Build() {
    certs::MemoryFileReader files = certs::GoodFiles();
    auto generation = certs::GenerationLoader::Load(config_, files, x509::kNow);
    EXPECT_TRUE(generation.ok()) << generation.status();
    auto snapshot = BuildSnapshot(config_, *generation, last_.get(), clock_);
    EXPECT_TRUE(snapshot.ok()) << snapshot.status();
    const absl::Status targets = SetTargets(
        [](const config::Upstream& upstream) -> absl::StatusOr<upstream::TargetPtr> {
          auto target = std::make_shared<upstream::Target>();
          target->config = upstream;
          target->addresses = {*io::SocketAddress::Literal("127.0.0.1", upstream.address.port)};
          return target;
        },
        snapshot->get());
    EXPECT_TRUE(targets.ok()) << targets;
    return last_ = *snapshot;
  }

  // Opens a listening socket on a free port of the loopback interface.
  io::FileDescriptor Listen() {
    auto socket = io::OpenListeningSocket(*io::SocketAddress::Literal("127.0.0.1", 0));
    EXPECT_TRUE(socket.ok()) << socket.status();
    port_ = io::LocalAddress(socket->get())->port();
    return *std::move(socket);
  }
  Worker::Sockets SocketsFor(const std::string& listener) {
    Worker::Sockets sockets;
    sockets[listener].push_back(Listen());
    return sockets;
  }

  // Connects to the port of Listen(); returns an empty descriptor if that is refused.
  io::FileDescriptor Connect() {
    io::FileDescriptor client(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    const io::SocketAddress address = *io::SocketAddress::Literal("127.0.0.1", port_);
    if (connect(client.get(), address.data(), address.size()) != 0) return {};
    return client;
  }

  std::vector<ConnectionSummary> Connections(size_t limit = 100) {
    std::promise<std::vector<ConnectionSummary>> promise;
    worker_.Summarize(limit, [&](std::vector<ConnectionSummary> all) { promise.set_value(all); });
    return promise.get_future().get();
  }
  // Returns whether the worker has `count` connections before the time limit.
  bool Has(size_t count) {
    const auto late = std::chrono::steady_clock::now() + kLate;
    while (Connections().size() != count) {
      if (std::chrono::steady_clock::now() > late) return false;
      std::this_thread::yield();
    }
    return true;
  }
  // Returns whether the peer has closed the socket before the time limit.
  static bool IsClosed(const io::FileDescriptor& client) {
    const timeval limit = {std::chrono::seconds(kLate).count(), 0};
    setsockopt(client.get(), SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    char buffer[256];
    ssize_t n = 1;
    while (n > 0) n = recv(client.get(), buffer, sizeof buffer, 0);
    return n == 0 || errno == ECONNRESET;
  }

  base::SystemClock clock_;
  base::CapturedLog captured_;
  base::Logger logger_{base::LogFormat::kJson, base::LogLevel::kDebug, captured_.sink()};
  observe::Metrics metrics_{{}};
  std::unique_ptr<observe::AccessLogSink> access_log_ = *observe::AccessLogSink::Open("off");
  config::Config config_;
  SnapshotPtr last_;
  uint16_t port_ = 0;
  base::MemoryBudget memory_{[] { return size_t{0}; }};
  Worker worker_{clock_, logger_, metrics_.AddShard(), *access_log_, base::LogFormat::kJson,
                 memory_};
};

TEST_F(WorkerTest, AnswersAPing) {
  std::promise<void> alive;
  worker_.Ping([&] { alive.set_value(); });
  EXPECT_EQ(alive.get_future().wait_for(kLate), std::future_status::ready);
}

TEST_F(WorkerTest, WithoutConnectionsADrainIsOverAtOnce) {
  worker_.Apply(Build(), {});
  std::promise<void> empty;
  worker_.Drain([&] { empty.set_value(); });
  EXPECT_EQ(empty.get_future().wait_for(kLate), std::future_status::ready);
}

TEST_F(WorkerTest, ADrainLeavesTheQueueOfASocketThatAnotherProcessHasTakenOver) {
  worker_.Apply(Build(), SocketsFor("public"));
  std::promise<Worker::Sockets> promise;
  worker_.DuplicateSockets([&](Worker::Sockets all) { promise.set_value(std::move(all)); });
  const Worker::Sockets passed = promise.get_future().get();
  ASSERT_EQ(passed.at("public").size(), 1u);
  const int fd = passed.at("public").front().get();
  EXPECT_EQ(io::LocalAddress(fd)->port(), port_);
  std::promise<void> empty;
  worker_.Drain([&] { empty.set_value(); }, {"public"});
  ASSERT_EQ(empty.get_future().wait_for(kLate), std::future_status::ready);
  // The kernel accepts connections as before, and they wait for the other process.
  const io::FileDescriptor client = Connect();
  ASSERT_TRUE(client);
  EXPECT_TRUE(io::FileDescriptor(accept(fd, nullptr, nullptr)));
}

TEST_F(WorkerTest, AcceptsOnTheSocketsThatItIsGiven) {
  worker_.Apply(Build(), SocketsFor("public"));
  const io::FileDescriptor one = Connect();
  const io::FileDescriptor two = Connect();
  ASSERT_TRUE(Has(2));
  const ConnectionSummary summary = Connections().front();
  EXPECT_EQ(summary.listener, "public");
  EXPECT_EQ(summary.state, "handshake");
  EXPECT_EQ(Connections(1).size(), 1u) << "no more than were asked for";
}

TEST_F(WorkerTest, AReloadThatChangesNoAddressKeepsTheSocket) {
  worker_.Apply(Build(), SocketsFor("public"));
  const io::FileDescriptor before = Connect();
  ASSERT_TRUE(Has(1));
  config_.listeners[0].limits.header_count = 7;
  worker_.Apply(Build(), {});
  const io::FileDescriptor after = Connect();
  EXPECT_TRUE(Has(2));
}

TEST_F(WorkerTest, AListenerThatIsRemovedClosesItsSocket) {
  worker_.Apply(Build(), SocketsFor("public"));
  const uint16_t old_port = port_;
  config_.listeners[0].name = "other";
  worker_.Apply(Build(), SocketsFor("other"));
  const io::FileDescriptor client = Connect();
  EXPECT_TRUE(Has(1));
  port_ = old_port;
  const auto late = std::chrono::steady_clock::now() + kLate;
  while (Connect() && std::chrono::steady_clock::now() < late) std::this_thread::yield();
  EXPECT_FALSE(Connect());
}

TEST_F(WorkerTest, ADrainWaitsForConnectionsAndACutEndsThem) {
  config_.idle_grace = config_.drain = config::Milliseconds(600'000);
  worker_.Apply(Build(), SocketsFor("public"));
  const io::FileDescriptor client = Connect();
  ASSERT_TRUE(Has(1));
  std::promise<void> empty;
  std::future<void> is_empty = empty.get_future();
  worker_.Drain([&] { empty.set_value(); });
  EXPECT_EQ(is_empty.wait_for(std::chrono::milliseconds(200)), std::future_status::timeout);
  worker_.Cut();
  EXPECT_EQ(is_empty.wait_for(kLate), std::future_status::ready);
  EXPECT_TRUE(IsClosed(client));
}

TEST_F(WorkerTest, ATargetOfAnUpstreamThatIsNotInUseIsIgnored) {
  worker_.Apply(Build(), {});
  auto target = std::make_shared<upstream::Target>();
  target->config.name = "unknown";
  worker_.UpdateTarget(std::move(target));
  EXPECT_TRUE(Has(0));
}

}  // namespace
}  // namespace mantlet::server
