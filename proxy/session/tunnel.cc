#include "proxy/session/tunnel.h"

#include <utility>

#include "proxy/session/back_pressure.h"

namespace mantlet::session {
Tunnel::Tunnel(io::Loop& loop, io::ByteStream& downstream, std::unique_ptr<io::ByteStream> upstream,
               int64_t idle_ms, EndCallback on_end)
    : loop_(loop),
      upstream_stream_(std::move(upstream)),
      idle_ms_(idle_ms),
      on_end_(std::move(on_end)),
      idle_([this] { OnIdle(); }),
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
  bytes_ += bytes.size();
  tunnel_->Touch();
  io::ByteStream* to = other->from_;
  to->Write(bytes);
  to->Flush();
  if (!paused_ && OverHighWater(tunnel_->loop_, *to)) {
    paused_ = true;
    from_->SetReading(false);
    tunnel_->RememberUntaken();
  }
}

void Tunnel::Side::OnDrained() {
  tunnel_->Touch();
  if (other->paused_) {
    other->paused_ = false;
    other->from_->SetReading(true);
    tunnel_->RememberUntaken();
  }
  tunnel_->EndIfDone();
}

void Tunnel::Side::OnEnd() {
  ended_ = true;
  tunnel_->Touch();
  other->from_->ShutdownWrite();
  tunnel_->EndIfDone();
}

void Tunnel::EndIfDone() {
  if (!downstream_.ended() || !upstream_.ended()) return;
  if (downstream_.from()->buffered() != 0 || upstream_.from()->buffered() != 0) return;
  End(Outcome::kWhole);
}

// A side that reads slowly makes progress, but OnDrained() is called only when everything is gone.
void Tunnel::OnIdle() {
  if (!progress_.MadeUntil(Untaken())) {
    End(Outcome::kIdle);
    return;
  }
  RememberUntaken();
  Touch();
}

void Tunnel::RememberUntaken() {
  progress_.Begin(downstream_.paused() || upstream_.paused() ? Untaken() : 0);
}

size_t Tunnel::Untaken() const {
  return downstream_.from()->untaken() + upstream_.from()->untaken();
}

void Tunnel::Touch() {
  if (on_end_) loop_.ArmIn(idle_, idle_ms_);
}

void Tunnel::End(Outcome outcome) {
  loop_.timers().Cancel(idle_);
  upstream_stream_->Close();
  if (EndCallback on_end = std::exchange(on_end_, nullptr)) on_end(outcome);
}

}  // namespace mantlet::session
