// A Connector with connections in memory. Each has a Wire, on which the test acts as the upstream.

#ifndef MANTLET_TEST_PROXY_UPSTREAM_MEMORY_CONNECTOR_H_
#define MANTLET_TEST_PROXY_UPSTREAM_MEMORY_CONNECTOR_H_

#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "proxy/io/deferred_call.h"
#include "proxy/io/loop.h"
#include "proxy/upstream/connector.h"
#include "test/proxy/io/memory_stream.h"

namespace mantlet::upstream {

class MemoryConnector final : public Connector {
 public:
  explicit MemoryConnector(io::Loop& loop) : loop_(loop) {}

  std::unique_ptr<Attempt> Connect(const io::SocketAddress& address, Callback done) override {
    dialed.push_back(address);
    return std::make_unique<MemoryAttempt>(*this, std::move(done));
  }

  std::vector<std::shared_ptr<io::Wire>> wires;  // in the order of the attempts that succeeded
  std::vector<io::SocketAddress> dialed;         // the address of each attempt
  std::optional<io::StreamFailure> failure;      // if set, attempts fail with it
  std::optional<io::SocketAddress> failing;      // if set, only those to this address

 private:
  struct MemoryAttempt final : Attempt {
    MemoryAttempt(MemoryConnector& connector, Callback callback)
        : owner(connector),
          address(connector.dialed.back()),
          done(std::move(callback)),
          call(owner.loop_, [this] { Finish(); }) {
      call.Schedule();
    }
    void Finish() {
      const Callback callback = std::move(done);  // a copy, because the call may destroy this
      if (owner.failure && (!owner.failing || *owner.failing == address)) {
        callback(io::StreamError{*owner.failure, "as the test says"});
        return;
      }
      auto wire = owner.wires.emplace_back(std::make_shared<io::Wire>());
      callback(Connected{std::make_unique<io::MemoryStream>(std::move(wire))});
    }

    MemoryConnector& owner;
    const io::SocketAddress address;
    Callback done;
    io::DeferredCall call;
  };

  io::Loop& loop_;
};

}  // namespace mantlet::upstream

#endif  // MANTLET_TEST_PROXY_UPSTREAM_MEMORY_CONNECTOR_H_
