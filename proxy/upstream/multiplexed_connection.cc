#include "proxy/upstream/multiplexed_connection.h"

#include <utility>

namespace mantlet::upstream {
namespace {

http2::ResponseLimits LimitsOf(const config::UpstreamLimits& limits) {
  return {limits.header_bytes, limits.header_count, "upstreams[].limits.header_bytes",
          "upstreams[].limits.header_count"};
}

}  // namespace

MultiplexedConnection::MultiplexedConnection(io::Loop& loop,
                                             std::shared_ptr<http2::SessionMemory> memory,
                                             std::unique_ptr<io::ByteStream> stream,
                                             const io::SocketAddress& address,
                                             const config::UpstreamLimits& limits,
                                             const Liveness& liveness, Observer& observer)
    : idle_since_ms(loop.now_ms()),
      loop_(loop),
      observer_(observer),
      address_(address),
      liveness_(liveness),
      timer_([this] { OnTimer(); }),
      codec_(loop, std::move(memory), std::move(stream), LimitsOf(limits), *this),
      received_ms_(loop.now_ms()) {}

void MultiplexedConnection::OnDeferDelete() {
  loop_.timers().Cancel(timer_);
  codec_.Close();
}

std::unique_ptr<http::RequestWriter> MultiplexedConnection::OpenStream() {
  const bool silent = loop_.now_ms() - received_ms_ >= liveness_.silent_ms;
  if (silent && !ping_sent_ && pings_ < kSoonPings) {
    Ping();
  } else if (!timer_.armed()) {
    loop_.ArmIn(timer_, liveness_.silent_ms);
  }
  return codec_.OpenStream();
}

void MultiplexedConnection::OnReceived(bool content) {
  received_ms_ = loop_.now_ms();
  ping_sent_ = false;
  if (content) pings_ = 0;
}

void MultiplexedConnection::Ping() {
  codec_.Ping();
  ping_sent_ = true;
  ++pings_;
  loop_.ArmIn(timer_, liveness_.answer_ms);
}

// The timer is not moved with each read, but looks when the last one was.
void MultiplexedConnection::OnTimer() {
  if (streams() == 0) return;
  if (ping_sent_) {
    codec_.Fail(base::ProxyError(base::ErrorReason::kReset,
                                 "the upstream did not acknowledge a PING in time"));
    return;
  }
  const int64_t due_ms = received_ms_ + (pings_ == 0 ? liveness_.silent_ms : liveness_.repeat_ms);
  if (loop_.now_ms() < due_ms) {
    loop_.timers().Arm(timer_, due_ms);
  } else {
    Ping();
  }
}

}  // namespace mantlet::upstream
