// Several workers make handshakes under one context while new generations replace it, so that all
// shared data is used concurrently. Most useful with --config=tsan.

#include <array>
#include <atomic>
#include <mutex>
#include <thread>
#include <vector>

#include "gtest/gtest.h"
#include "proxy/x509/revocation_lists.h"
#include "test/proxy/tls/server_side.h"
#include "test/proxy/x509/crl_maker.h"

namespace mantlet::tls {
namespace {

constexpr int kWorkers = 4;
constexpr int kRounds = 60;

// Each generation revokes one of two clients, in turn, and its policy is named after that client.
class Generations {
 public:
  Generations()
      : clients_{x509::MakeCredential(x509::ClientTemplate("even"), &x509::Root()),
                 x509::MakeCredential(x509::ClientTemplate("odd"), &x509::Root())} {
    for (size_t i = 0; i < clients_.size(); ++i) {
      lists_[i] = x509::List(x509::CrlTemplate::Revoking({&clients_[i]}), x509::Root());
    }
    Next();
  }

  ServerContextPtr newest() const {
    const std::lock_guard lock(mutex_);
    return newest_;
  }
  // Makes a new context with the same lists and their cached checks.
  void Next() {
    const size_t revoked = made_++ % 2;
    verify::ChainVerifier::Options how;
    how.revocation = x509::RevocationLists::Create({lists_[revoked]}, {});
    verify::ClientVerifier::Options verifier;
    verifier.by_trust_bundle =
        std::make_shared<const verify::ChainVerifier>(x509::Trust({x509::Root()}), how);
    ServerContext::Options options;
    options.listener = "public";
    options.tls.session_resumption = true;
    options.tls.session_lifetime = std::chrono::hours(1);
    options.credentials = {Serve(ServerCertificate(), {"server.example"})};
    options.verifier = std::make_shared<const verify::ClientVerifier>(std::move(verifier));
    options.policy_id = std::to_string(revoked);
    options.clock = &clock_;
    auto made = ServerContext::Create(options);
    ASSERT_TRUE(made.ok()) << made.status();
    const std::lock_guard lock(mutex_);
    newest_ = *made;
  }
  const x509::Credential& client(size_t index) const { return clients_[index]; }

 private:
  base::ManualClock clock_;
  std::array<x509::Credential, 2> clients_;
  std::array<x509::RevocationListPtr, 2> lists_;
  size_t made_ = 0;
  mutable std::mutex mutex_;
  ServerContextPtr newest_;
};

struct Tally {
  std::atomic<int> let_in{0}, refused{0}, resumed{0}, wrong{0};
};

// The loop of one worker: each client connects, and connects again with its last ticket.
void Work(const Generations& generations, Tally* tally) {
  ServerSide side;
  std::array<MemoryClient::Options, 2> clients;
  for (size_t i = 0; i < clients.size(); ++i) {
    clients[i] = WithCertificate({&generations.client(i)});
    clients[i].sni = "server.example";
  }
  for (int round = 0; round < kRounds; ++round) {
    for (size_t i = 0; i < clients.size(); ++i) {
      side.context = generations.newest();
      side.Accept();
      MemoryClient client(clients[i]);
      client.Pump(*side.wire);
      if (side.peer.has_value() == (side.context->options().policy_id == std::to_string(i))) {
        ++tally->wrong;
      }
      if (!side.peer.has_value()) {
        ++tally->refused;
        continue;
      }
      ++tally->let_in;
      tally->resumed += side.peer->tls.resumed ? 1 : 0;
      side.stream->Write("hello");
      side.stream->Flush();
      client.Pump(*side.wire);
      clients[i].session = client.session();
    }
  }
}

TEST(ServerContextThreads, NoHandshakeMixesGenerationsWhileTheyChange) {
  Generations generations;
  Tally tally;
  std::atomic<int> working{kWorkers};
  std::vector<std::thread> workers;
  for (int i = 0; i < kWorkers; ++i) {
    workers.emplace_back([&] {
      Work(generations, &tally);
      --working;
    });
  }
  while (working > 0) {
    generations.Next();
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  for (std::thread& worker : workers) worker.join();
  EXPECT_EQ(tally.wrong, 0);
  EXPECT_EQ(tally.let_in + tally.refused, 2 * kWorkers * kRounds);
  EXPECT_GT(tally.refused, 0);
  EXPECT_GT(tally.resumed, 0);
}

}  // namespace
}  // namespace mantlet::tls
