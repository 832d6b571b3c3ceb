#include "proxy/session/admission.h"

#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "gtest/gtest.h"
#include "test/proxy/io/loop_driver.h"

namespace mantlet::session {
namespace {

constexpr int64_t kNow = 5'000'000'000;
constexpr int64_t kSecond = 1'000'000;

class AdmissionTest : public testing::Test {
 protected:
  AdmissionTest() {
    limits_.connections = limits_.handshakes = 100;
    limits_.client_handshakes = 0;
  }

  // Returns the limit that is reached, or "".
  std::string Connect(ClientKey client = 1) {
    auto admitted = Admission::Admit(admission_, limits_, client);
    if (const auto* limit = std::get_if<AdmissionLimit>(&admitted)) {
      return std::string(ToString(*limit));
    }
    tickets_.push_back(std::get<Admission::Ticket>(std::move(admitted)));
    return "";
  }
  std::string Begin(size_t index, int64_t now = kNow) {
    const std::optional<AdmissionLimit> limit = tickets_[index].BeginHandshake(limits_, now);
    return limit ? std::string(ToString(*limit)) : "";
  }
  std::string ConnectAndBegin(ClientKey client, int64_t now = kNow) {
    std::string limit = Connect(client);
    return limit.empty() ? Begin(tickets_.size() - 1, now) : limit;
  }

  // A connection that waits for its ClientHello. When it is evicted, its name is added to
  // `evicted_`.
  std::string ConnectAndWait(const std::string& name, bool partial = false) {
    std::string limit = Connect();
    if (!limit.empty()) return limit;
    tickets_.back().AwaitHello(loop_, [this, name](AdmissionLimit reached) {
      evicted_.push_back(name + ": " + std::string(ToString(reached)));
    });
    if (partial) tickets_.back().HoldPartialHello(limits_);
    io::RunReady(loop_);
    return "";
  }

  io::Loop loop_;
  config::Limits limits_;
  std::shared_ptr<Admission> admission_ = std::make_shared<Admission>();
  std::vector<Admission::Ticket> tickets_;
  std::vector<std::string> evicted_;
};

using Names = std::vector<std::string>;

TEST_F(AdmissionTest, TheConnectionThatHasWaitedLongestMakesRoomForANewOne) {
  limits_.connections = 3;
  EXPECT_EQ(ConnectAndWait("a"), "");
  EXPECT_EQ(ConnectAndWait("b", true), "");
  EXPECT_EQ(ConnectAndWait("c"), "");
  EXPECT_EQ(evicted_, Names{});
  EXPECT_EQ(ConnectAndWait("d"), "");
  EXPECT_EQ(ConnectAndWait("e"), "");
  EXPECT_EQ(ConnectAndWait("f"), "");
  EXPECT_EQ(evicted_,
            (Names{"a: limits.connections", "b: limits.connections", "c: limits.connections"}));
  EXPECT_EQ(admission_->connections(), 3u) << "a place changes hands";
  tickets_.erase(tickets_.begin(), tickets_.begin() + 3);
  EXPECT_EQ(admission_->connections(), 3u);
  tickets_.clear();
  EXPECT_EQ(admission_->connections(), 0u);
  EXPECT_EQ(admission_->waiting(), 0u);
}

TEST_F(AdmissionTest, AConnectionWithACompleteClientHelloIsNotEvicted) {
  limits_.connections = 2;
  EXPECT_EQ(ConnectAndWait("a"), "");
  EXPECT_EQ(Begin(0), "");
  EXPECT_EQ(ConnectAndWait("b"), "");
  EXPECT_EQ(Begin(1), "");
  EXPECT_EQ(ConnectAndWait("c"), "limits.connections");
  EXPECT_EQ(evicted_, Names{});
}

TEST_F(AdmissionTest, PartialClientHellosAreAsManyAsHandshakes) {
  limits_.handshakes = 2;
  EXPECT_EQ(ConnectAndWait("silent"), "");
  EXPECT_EQ(ConnectAndWait("a", true), "");
  EXPECT_EQ(ConnectAndWait("b", true), "");
  EXPECT_EQ(ConnectAndWait("c", true), "");
  EXPECT_EQ(evicted_, Names{"a: limits.handshakes"});
  EXPECT_EQ(admission_->waiting(), 3u);
  EXPECT_EQ(Begin(2), "") << "they take no place of a handshake";
  EXPECT_EQ(Begin(3), "");
}

TEST_F(AdmissionTest, AnEvictionThatCrossesTheClientHelloEndsTheConnectionOnce) {
  limits_.connections = 1;
  EXPECT_EQ(ConnectAndWait("a"), "");
  EXPECT_EQ(Connect(), "");
  // The task of the eviction has not run yet.
  EXPECT_EQ(Begin(0), "limits.connections");
  tickets_.erase(tickets_.begin());
  io::RunReady(loop_);
  EXPECT_EQ(evicted_, Names{}) << "it has gone by then";
  EXPECT_EQ(admission_->connections(), 1u);
}

TEST_F(AdmissionTest, AnEvictionThatCrossesTheClientHelloNamesItsOwnLimit) {
  EXPECT_EQ(ConnectAndWait("a"), "");
  admission_->MakeRoom(1, AdmissionLimit::kDescriptors);
  EXPECT_EQ(Begin(0), "RLIMIT_NOFILE");
  limits_.handshakes = 1;
  EXPECT_EQ(ConnectAndWait("b", true), "");
  EXPECT_EQ(Connect(), "");
  tickets_.back().AwaitHello(loop_, [](AdmissionLimit) {});
  tickets_.back().HoldPartialHello(limits_);
  EXPECT_EQ(Begin(1), "limits.handshakes");
  EXPECT_EQ(Begin(2), "") << "the one that made it go";
}

TEST_F(AdmissionTest, AClientAtItsLimitEvictsNoOther) {
  limits_.connections = 2;
  limits_.client_connections = 1;
  EXPECT_EQ(Connect(7), "");
  EXPECT_EQ(ConnectAndWait("a"), "");
  EXPECT_EQ(Connect(7), "limits.client_connections");
  io::RunReady(loop_);
  EXPECT_EQ(evicted_, Names{});
  EXPECT_EQ(admission_->waiting(), 1u);
}

TEST_F(AdmissionTest, MakesRoomForWantOfDescriptors) {
  for (const char* name : {"a", "b", "c"}) EXPECT_EQ(ConnectAndWait(name), "");
  admission_->MakeRoom(2, AdmissionLimit::kDescriptors);
  io::RunReady(loop_);
  EXPECT_EQ(evicted_, (Names{"a: RLIMIT_NOFILE", "b: RLIMIT_NOFILE"}));
  EXPECT_EQ(admission_->connections(), 3u) << "until they have gone";
  tickets_.erase(tickets_.begin(), tickets_.begin() + 2);
  EXPECT_EQ(admission_->connections(), 1u);
  admission_->MakeRoom(5, AdmissionLimit::kDescriptors);
  io::RunReady(loop_);
  EXPECT_EQ(evicted_.size(), 3u);
}

TEST_F(AdmissionTest, OneClientTakesHalfOfTheHandshakesByDefault) {
  limits_.client_handshakes = config::kAutoLimit;
  limits_.handshakes = 4;
  EXPECT_EQ(ConnectAndBegin(1), "");
  EXPECT_EQ(ConnectAndBegin(1), "");
  EXPECT_EQ(ConnectAndBegin(1), "limits.client_handshakes");
  EXPECT_EQ(ConnectAndBegin(2), "");
  limits_.handshakes = 1;
  tickets_.clear();
  EXPECT_EQ(ConnectAndBegin(1), "") << "half of one is one";
}

TEST_F(AdmissionTest, ConnectionsAreLimitedAndAPlaceIsGivenBack) {
  limits_.connections = 2;
  EXPECT_EQ(Connect(), "");
  EXPECT_EQ(Connect(), "");
  EXPECT_EQ(Connect(), "limits.connections");
  EXPECT_EQ(admission_->connections(), 2u);
  tickets_.pop_back();
  EXPECT_EQ(Connect(), "");
}

TEST_F(AdmissionTest, SilentConnectionsDoNotUseUpTheHandshakes) {
  limits_.handshakes = 1;
  EXPECT_EQ(Connect(), "");
  EXPECT_EQ(Connect(), "");
  EXPECT_EQ(Connect(), "");
  EXPECT_EQ(Begin(2), "");
  EXPECT_EQ(Begin(0), "limits.handshakes");
  tickets_[2].EndHandshake();
  EXPECT_EQ(Begin(0), "");
  EXPECT_EQ(admission_->handshakes(), 1u);
}

TEST_F(AdmissionTest, AConnectionThatGoesInItsHandshakeGivesThatBack) {
  limits_.handshakes = 1;
  ASSERT_EQ(ConnectAndBegin(1), "");
  tickets_.clear();
  EXPECT_EQ(admission_->handshakes(), 0u);
  EXPECT_EQ(ConnectAndBegin(1), "");
}

TEST_F(AdmissionTest, HandshakesPerSecondAreLimited) {
  limits_.handshakes_per_second = 10;
  for (int i = 0; i < 10; ++i) EXPECT_EQ(ConnectAndBegin(1), "") << i;
  EXPECT_EQ(ConnectAndBegin(2), "limits.handshakes_per_second");
  EXPECT_EQ(ConnectAndBegin(2, kNow + kSecond / 10), "");
  EXPECT_EQ(ConnectAndBegin(2, kNow + kSecond / 10), "limits.handshakes_per_second");
}

TEST_F(AdmissionTest, AClientsConnectionsAreLimitedAndOthersAreNotTouched) {
  limits_.client_connections = 2;
  EXPECT_EQ(Connect(1), "");
  EXPECT_EQ(Connect(1), "");
  EXPECT_EQ(Connect(1), "limits.client_connections");
  EXPECT_EQ(admission_->connections(), 2u);
  EXPECT_EQ(Connect(2), "");
  tickets_.erase(tickets_.begin());
  EXPECT_EQ(Connect(1), "");
}

TEST_F(AdmissionTest, AClientsHandshakesInFlightAreLimited) {
  limits_.client_handshakes = 1;
  EXPECT_EQ(ConnectAndBegin(1), "");
  EXPECT_EQ(ConnectAndBegin(1), "limits.client_handshakes");
  EXPECT_EQ(ConnectAndBegin(2), "");
  tickets_[0].EndHandshake();
  EXPECT_EQ(ConnectAndBegin(1), "");
}

TEST_F(AdmissionTest, AClientThatFloodsDoesNotUseUpTheTurnsOfAll) {
  limits_.client_handshakes_per_second = 2;
  limits_.handshakes_per_second = 4;
  for (int i = 0; i < 50; ++i) ConnectAndBegin(1);
  EXPECT_EQ(ConnectAndBegin(1), "limits.client_handshakes_per_second");
  EXPECT_EQ(ConnectAndBegin(2), "");
  EXPECT_EQ(ConnectAndBegin(2), "");
  EXPECT_EQ(ConnectAndBegin(3), "limits.handshakes_per_second");
}

TEST_F(AdmissionTest, UnixClientsHaveNoLimitOfTheirOwn) {
  limits_.client_connections = 1;
  limits_.client_handshakes = 1;
  EXPECT_EQ(ConnectAndBegin(0), "");
  EXPECT_EQ(ConnectAndBegin(0), "");
}

TEST_F(AdmissionTest, ForgetsClientsThatAreGone) {
  limits_.connections = 0;
  limits_.client_handshakes_per_second = 1;
  for (ClientKey client = 1; client <= 100'000; ++client) {
    ConnectAndBegin(client, kNow + static_cast<int64_t>(client) * 1000);
    tickets_.clear();
  }
  // The rate state of up to one second's clients remains, and a table may double before it is
  // swept.
  EXPECT_LT(admission_->clients(), 5000u);
}

TEST_F(AdmissionTest, GivesItsMemoryBackAfterAFlood) {
  limits_.connections = limits_.handshakes = limits_.handshakes_per_second = 0;
  limits_.client_handshakes_per_second = 1;
  for (ClientKey client = 1; client <= 50'000; ++client) {
    auto admitted = Admission::Admit(admission_, limits_, client);
    ASSERT_TRUE(std::holds_alternative<Admission::Ticket>(admitted));
    ASSERT_EQ(std::get<Admission::Ticket>(admitted).BeginHandshake(limits_, kNow), std::nullopt);
  }
  ConnectAndBegin(50'001, kNow);
  EXPECT_EQ(admission_->clients(), 50'001u) << "all of them owe";
  const auto go_around = [&](int64_t now) {
    for (int i = 0; i < 16; ++i) admission_->EvictIdle(now);
  };
  go_around(kNow);
  EXPECT_EQ(ConnectAndBegin(7, kNow), "limits.client_handshakes_per_second") << "not forgotten";
  tickets_.pop_back();
  go_around(kNow + kSecond);
  EXPECT_EQ(admission_->clients(), 1u) << "the one that is still there";
  EXPECT_LT(admission_->slots(), 2000u);
  tickets_.clear();
  go_around(kNow + kSecond);
  EXPECT_EQ(admission_->clients(), 0u);
  EXPECT_EQ(ConnectAndBegin(7, kNow + kSecond), "");
}

TEST_F(AdmissionTest, WorkersMayAskAllAtOnce) {
  limits_.connections = 50;
  limits_.client_connections = 20;
  limits_.client_handshakes = 10;
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([this] {
      io::Loop loop;
      std::vector<Admission::Ticket> waiting(20);
      for (size_t i = 0; i < 20'000; ++i) {
        auto admitted = Admission::Admit(admission_, limits_, static_cast<ClientKey>(i % 3 + 1));
        auto* ticket = std::get_if<Admission::Ticket>(&admitted);
        if (ticket == nullptr) continue;
        ticket->AwaitHello(loop, [](AdmissionLimit) {});
        if (i % 2 == 0) ticket->HoldPartialHello(limits_);
        waiting[i % waiting.size()] = std::move(*ticket);
        waiting[i * 7 % waiting.size()].BeginHandshake(limits_, kNow);
        if (i % 100 == 0) io::RunReady(loop);
      }
      waiting.clear();
    });
  }
  threads.emplace_back([this] {
    for (int i = 0; i < 2'000; ++i) admission_->EvictIdle(kNow);
  });
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(admission_->connections(), 0u);
  EXPECT_EQ(admission_->handshakes(), 0u);
}

TEST(TryAcquire, SpreadsTurnsOverTimeWithOneSecondsWorthAtOnce) {
  int64_t tat = 0;
  int granted = 0;
  for (int64_t ms = 0; ms < 10'000; ++ms) granted += TryAcquire(tat, 5, kNow + ms * 1000);
  EXPECT_GE(granted, 5 + 49);
  EXPECT_LE(granted, 5 + 50);
}

ClientKey KeyOf(const char* host) {
  return ClientKeyOf(io::SocketAddress::Resolve(host, 1)->front());
}

TEST(ClientKey, IsAnAddressOfIpv4AndASixtyFourOfIpv6) {
  EXPECT_NE(KeyOf("10.0.0.1"), KeyOf("10.0.0.2"));
  EXPECT_EQ(KeyOf("::ffff:10.0.0.1"), KeyOf("10.0.0.1"));
  EXPECT_EQ(KeyOf("2001:db8::1"), KeyOf("2001:db8::2"));
  EXPECT_NE(KeyOf("2001:db8:0:1::1"), KeyOf("2001:db8::1"));
  EXPECT_NE(KeyOf("::1"), 0u);
  EXPECT_EQ(ClientKeyOf(*io::SocketAddress::Unix("/run/x")), 0u);
}

}  // namespace
}  // namespace mantlet::session
