// Tunnel forwards the bytes of a connection after 101 (Switching Protocols), unchanged in both
// directions, with back-pressure and half-close. It ends when both sides have ended, when one
// breaks, or when no byte has moved for the idle time. One loop's thread only.

#ifndef MANTLET_PROXY_SESSION_TUNNEL_H_
#define MANTLET_PROXY_SESSION_TUNNEL_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <string_view>

#include "proxy/base/timer_wheel.h"
#include "proxy/io/byte_stream.h"
#include "proxy/io/loop.h"
#include "proxy/session/write_progress.h"

namespace mantlet::session {

class Tunnel {
 public:
  // The end of the tunnel. kWhole: both sides ended and everything was delivered. kIdle: no byte
  // moved for the idle time. kBroken: everything else. A reset on one side resets the other side;
  // any other failure closes the upstream side.
  enum class Outcome { kWhole, kIdle, kBroken };
  using EndCallback = std::function<void(Outcome)>;

  // Takes ownership of `upstream`. `downstream` stays owned by the caller, but the tunnel becomes
  // its handler. `on_end` is called once. Destroy the tunnel through Loop::DeferDelete.
  Tunnel(io::Loop& loop, io::ByteStream& downstream, std::unique_ptr<io::ByteStream> upstream,
         int64_t idle_ms, EndCallback on_end);

  // These pass on bytes that were read before the tunnel existed.
  void FromDownstream(std::string_view bytes) { downstream_.OnData(bytes); }
  void FromUpstream(std::string_view bytes) { upstream_.OnData(bytes); }
  // The number of bytes that each side has sent.
  uint64_t downstream_bytes() const { return downstream_.bytes(); }
  uint64_t upstream_bytes() const { return upstream_.bytes(); }
  // Returns the bytes that wait to be written in both directions.
  size_t held() const { return downstream_.from()->buffered() + upstream_.from()->buffered(); }
  // Reports the client's end of stream, if it was seen before the tunnel existed.
  void DownstreamEnded() { downstream_.OnEnd(); }

 private:
  // Side is one direction: it reads from `from` and writes to the other side's `from`.
  class Side final : public io::ByteStreamHandler {
   public:
    Side(Tunnel* tunnel, io::ByteStream* from) : tunnel_(tunnel), from_(from) {}
    void OnData(std::string_view bytes) override;
    void OnEnd() override;
    void OnStreamError(const io::StreamError& error) override {
      if (error.failure == io::StreamFailure::kReset) tunnel_->upstream_stream_->Abort();
      tunnel_->End(Outcome::kBroken);
    }
    void OnDrained() override;  // `from` has been drained: the other side may be read again

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
  WriteProgress progress_;
};

}  // namespace mantlet::session

#endif  // MANTLET_PROXY_SESSION_TUNNEL_H_
