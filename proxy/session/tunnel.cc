#include "proxy/session/tunnel.h"

#include <utility>

namespace mantlet::session {
namespace {

constexpr size_t kHighWaterBytes = 256 * 1024;

}  // namespace

Tunnel::Tunnel(io::Loop& loop, io::ByteStream& downstream, std::unique_ptr<io::ByteStream> upstream,
               int64_t idle_ms, std::function<void()> on_end)
    : loop_(loop),
      upstream_stream_(std::move(upstream)),
      idle_ms_(idle_ms),
      on_end_(std::move(on_end)),
      idle_([this] { End(); }),
      downstream_(this, &downstream),
      upstream_(this, upstream_stream_.get()) {
  downstream_.other = &upstream_;
  upstream_.other = &downstream_;
  downstream.SetHandler(&downstream_);
  upstream_stream_->SetHandler(&upstream_);
  downstream.SetReading(true);
  upstream_stream_->SetReading(true);
  Touch();
}

void Tunnel::Side::OnData(std::string_view bytes) {
  tunnel_->Touch();
  io::ByteStream* to = other->from_;
  to->Write(bytes);
  to->Flush();
  if (!paused_ && to->buffered() > kHighWaterBytes) {
    paused_ = true;
    from_->SetReading(false);
  }
}

void Tunnel::Side::OnDrained() {
  tunnel_->Touch();
  tunnel_->EndIfComplete();
  if (!other->paused_) return;
  other->paused_ = false;
  other->from_->SetReading(true);
}

void Tunnel::Side::OnEnd() {
  ended_ = true;
  tunnel_->Touch();
  other->from_->ShutdownWrite();
  tunnel_->EndIfComplete();
}

// The last side to end may have said more than the other has taken yet.
void Tunnel::EndIfComplete() {
  const bool ended = downstream_.ended() && upstream_.ended();
  if (ended && downstream_.from()->buffered() + upstream_.from()->buffered() == 0) End();
}

void Tunnel::Touch() {
  if (on_end_) loop_.ArmIn(idle_, idle_ms_);
}

void Tunnel::End() {
  loop_.timers().Cancel(idle_);
  if (auto on_end = std::exchange(on_end_, nullptr)) on_end();
}

}  // namespace mantlet::session
