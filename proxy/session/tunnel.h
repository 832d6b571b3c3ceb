// After 101 (Switching Protocols): bytes both ways, untouched, with back-pressure
// and half-close, until both sides have ended, one breaks, or nothing has moved
// for the idle time. One loop's thread only.

#ifndef MANTLET_PROXY_SESSION_TUNNEL_H_
#define MANTLET_PROXY_SESSION_TUNNEL_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <string_view>

#include "proxy/base/timer_wheel.h"
#include "proxy/io/byte_stream.h"
#include "proxy/io/loop.h"

namespace mantlet::session {

class Tunnel {
 public:
  // How it ended: kWhole if both sides said that they were done and everything was
  // passed on; kIdle if nothing had moved for too long; kBroken otherwise. A reset on one
  // side is a reset on the other; any other break closes the upstream side.
  enum class Outcome { kWhole, kIdle, kBroken };
  using EndCallback = std::function<void(Outcome)>;

  // Takes over the upstream side; the downstream side stays its owner's, but its
  // handler is set to the tunnel's. `on_end` is called once; destroy the tunnel
  // through Loop::Retire.
  Tunnel(io::Loop& loop, io::ByteStream& downstream, std::unique_ptr<io::ByteStream> upstream,
         int64_t idle_ms, EndCallback on_end);

  // Bytes that were read before the tunnel existed.
  void FromDownstream(std::string_view bytes) { downstream_.OnData(bytes); }
  void FromUpstream(std::string_view bytes) { upstream_.OnData(bytes); }
  // What each side has said.
  uint64_t downstream_bytes() const { return downstream_.bytes(); }
  uint64_t upstream_bytes() const { return upstream_.bytes(); }
  // The client's end, if it was seen before the tunnel existed.
  void DownstreamEnded() { downstream_.OnEnd(); }

 private:
  // One direction: reads from `from`, writes to `to`.
  class Side final : public io::ByteStreamHandler {
   public:
    Side(Tunnel* tunnel, io::ByteStream* from) : tunnel_(tunnel), from_(from) {}
    void OnData(std::string_view bytes) override;
    void OnEnd() override;
    void OnStreamError(const io::StreamError& error) override {
      if (error.failure == io::StreamFailure::kReset) tunnel_->upstream_stream_->Abort();
      tunnel_->End(Outcome::kBroken);
    }
    void OnDrained() override;  // of `from`, which is the other side's `to`

    io::ByteStream* from() const { return from_; }
    bool ended() const { return ended_; }
    bool paused() const { return paused_; }
    uint64_t bytes() const { return bytes_; }
    Side* other = nullptr;

   private:
    Tunnel* tunnel_;
    io::ByteStream* from_;
    uint64_t bytes_ = 0;
    bool paused_ = false;
    bool ended_ = false;
  };

  void Touch();
  void OnIdle();
  void RememberUntaken();
  size_t Untaken() const;
  void EndIfDone();
  void End(Outcome outcome);

  io::Loop& loop_;
  std::unique_ptr<io::ByteStream> upstream_stream_;
  const int64_t idle_ms_;
  EndCallback on_end_;
  base::FunctionTimer idle_;
  Side downstream_;
  Side upstream_;
  size_t untaken_ = 0;  // by both sides, while one takes less than the other says
};

}  // namespace mantlet::session

#endif  // MANTLET_PROXY_SESSION_TUNNEL_H_
