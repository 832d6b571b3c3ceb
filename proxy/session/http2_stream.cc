#include "proxy/session/http2_stream.h"

#include <utility>

#include "proxy/session/minimum_rate.h"
#include "proxy/session/timeout_record.h"

namespace mantlet::session {

using base::ErrorReason;
using base::ProxyError;

Http2Stream::Http2Stream(WorkerContext& worker, ProtocolHost& host, http2::ServerCodec& codec,
                         Observer& observer)
    : worker_(worker),
      host_(host),
      observer_(observer),
      stream_(codec, *this),
      exchange_(worker, stream_, *this),
      timer_([this] { OnTimeout(); }) {}

http2::ServerStream& Http2Stream::Begin() {
  exchange_.RequestBegins();
  return stream_;
}

// ---- the request

void Http2Stream::OnRequestHead(http::RequestHead& head) {
  const std::shared_ptr<const ListenerState>& listener = host_.RefreshListener();
  if (!BeginRequest()) return;
  if (auto refusal = exchange_.Begin(listener, head, host_.client())) {
    exchange_.Refuse(*std::move(refusal));
  }
}

// RFC 9113 section 8.7: the client may send a refused request again, on another connection.
bool Http2Stream::BeginRequest() {
  begun_ = true;
  if (observer_.OnRequestBegins()) return true;
  stream_.Reset(NGHTTP2_REFUSED_STREAM);
  return false;
}

void Http2Stream::OnRequestBody(std::string_view piece) {
  if (exchange_.active()) exchange_.OnRequestBody(piece);
}

void Http2Stream::OnRequestTrailers(const http::HeaderList& trailers) {
  if (exchange_.active()) exchange_.OnRequestTrailers(trailers);
}

void Http2Stream::OnRequestEnd() {
  if (!exchange_.active()) return;
  worker_.loop.timers().Cancel(timer_);
  exchange_.OnRequestEnd();
}

void Http2Stream::OnRequestFlush() {
  if (!exchange_.active()) return;
  ArmBody();
  exchange_.FlushRequest();
}

void Http2Stream::OnRequestRefused(const http::RequestHead& head, ProxyError error) {
  if (exchange_.active()) {
    exchange_.Refuse(std::move(error));
    return;
  }
  if (begun_ || !BeginRequest()) return;  // its exchange is over, or does not begin
  exchange_.RefuseUnparsed(host_.listener(), head, host_.client(), std::move(error));
}

// ---- the end

void Http2Stream::OnExchangeEnd(ExchangeEnd end) {
  worker_.loop.timers().Cancel(timer_);
  if (end == ExchangeEnd::kComplete) {
    if (!stream_.closed()) {
      // Nearly every response is taken long before this. What the kernel holds is asked for, with a
      // system call, only when the first timeout is over.
      progress_.Begin(stream_.buffered());
      measured_ = false;
      worker_.loop.ArmIn(timer_, timeouts().write.count());
    }
    return;
  }
  if (end == ExchangeEnd::kUpgraded) {
    StartTunnel();
  } else {
    stream_.Reset(NGHTTP2_INTERNAL_ERROR);
  }
}

void Http2Stream::OnStreamClosed(std::optional<ProxyError> error) {
  if (!tunnel_open_) worker_.loop.timers().Cancel(timer_);
  if (exchange_.active()) {
    exchange_.Cancel(error ? *std::move(error) : ProxyError(ErrorReason::kClientClosed));
  } else if (!begun_ && error) {
    OnRequestRefused(stream_.request(), *std::move(error));
  } else if (tunnel_open_) {
    return;  // EndTunnel() comes, when the tunnel has delivered what there is
  }
  observer_.OnStreamOver(*this);
}

void Http2Stream::Cancel(ProxyError error) {
  if (tunnel_open_) {
    exchange_.SetTunnelError(std::move(error));
    EndTunnel(Tunnel::Outcome::kBroken);
  } else if (exchange_.active()) {
    exchange_.Cancel(std::move(error));
  } else if (!begun_) {
    OnRequestRefused(stream_.request(), std::move(error));
  } else {
    stream_.Reset(NGHTTP2_CANCEL);
  }
}

// ---- the tunnel

void Http2Stream::StartTunnel() {
  Exchange::Upgraded upgraded = exchange_.TakeUpgraded();
  tunnel_lease_ = std::move(upgraded.lease);
  tunnel_bytes_ = stream_.TakeTunnel();
  tunnel_open_ = true;
  tunnel_ = std::make_unique<Tunnel>(worker_.loop, *tunnel_bytes_,
                                     std::move(upgraded.upstream.stream), timeouts().tunnel.count(),
                                     [this](Tunnel::Outcome outcome) { EndTunnel(outcome); });
  if (!upgraded.upstream.received.empty()) tunnel_->FromUpstream(upgraded.upstream.received);
  if (tunnel_open_) host_.OnTunnelBegins();
}

void Http2Stream::EndTunnel(Tunnel::Outcome outcome) {
  if (!std::exchange(tunnel_open_, false)) return;
  worker_.loop.timers().Cancel(timer_);
  if (outcome == Tunnel::Outcome::kIdle) exchange_.TunnelTimedOut();
  exchange_.FinishTunnel(tunnel_->downstream_bytes(), tunnel_->upstream_bytes());
  tunnel_lease_.Release();
  const bool closed = stream_.closed();
  if (outcome != Tunnel::Outcome::kWhole) tunnel_bytes_->Abort();
  if (closed) observer_.OnStreamOver(*this);
}

void Http2Stream::SetTunnelError(const ProxyError& error) {
  if (tunnel_open_) exchange_.SetTunnelError(error);
}

void Http2Stream::Recheck(const ListenerState& listener) {
  const bool denied_before = timer_.armed();
  if (!tunnel_open_ || denied_before || !exchange_.RecheckTunnel(listener)) return;
  if (listener.config.client_auth.on_revocation == config::OnInvalid::kDrain) {
    worker_.loop.ArmIn(timer_, worker_.drain_ms);
  } else {
    EndTunnel(Tunnel::Outcome::kBroken);
  }
}

// ---- deadlines

void Http2Stream::ArmBody() {
  // A request that asks for a tunnel is complete, and its stream still open.
  if (!exchange_.active() || stream_.request_complete() || exchange_.request_complete()) return;
  worker_.loop.ArmIn(timer_, timeouts().body.count());
}

void Http2Stream::ArmWrite() {
  progress_.Begin(stream_.untaken());
  measured_ = true;
  worker_.loop.ArmIn(timer_, timeouts().write.count());
}

// A request that goes on while its response does, such as a bidirectional stream of gRPC, may be
// silent for as long as a tunnel.
void Http2Stream::OnBothIdle() {
  if (std::exchange(moved_bytes_, exchange_.content_bytes()) == exchange_.content_bytes()) {
    exchange_.Refuse(ProxyError(ErrorReason::kTimeoutTunnel,
                                "nothing in either direction within listeners[].timeouts.tunnel"));
    return;
  }
  worker_.loop.ArmIn(timer_, timeouts().tunnel.count());
}

// The exchange is over and recorded, but the client has not taken all of its response.
void Http2Stream::CheckUntaken() {
  const size_t left = measured_ ? stream_.untaken() : stream_.buffered();
  const bool moves = progress_.MadeUntil(left) || (!measured_ && stream_.awaits_connection());
  std::optional<ProxyError> fault;
  if (!moves) {
    fault = ProxyError(ErrorReason::kClientWriteTimeout,
                       "the client took nothing of a response within listeners[].timeouts.write");
  } else if (!stream_.awaits_connection() && !exchange_.paced_by_reader()) {
    const size_t taken =
        measured_ ? stream_.TakenBetween(progress_.untaken(), left) : progress_.TakenUntil(left);
    fault = ReadingFault(host_.listener()->config, taken, stream_.sharers());
  }
  if (!fault) {
    ArmWrite();
    return;
  }
  RecordTimeout(worker_, *host_.listener(), host_.client()->peer_address, &stream_.request(),
                *fault);
  stream_.Reset(NGHTTP2_CANCEL);
}

void Http2Stream::OnTimeout() {
  if (tunnel_open_) {
    EndTunnel(Tunnel::Outcome::kBroken);
  } else if (exchange_.active() && exchange_.responding()) {
    OnBothIdle();
  } else if (exchange_.active() && stream_.paused()) {
    ArmBody();  // the upstream's deadline runs
  } else if (exchange_.active()) {
    exchange_.Refuse(ProxyError(ErrorReason::kRequestTimeout,
                                "nothing of the request's body within listeners[].timeouts.body"));
  } else {
    CheckUntaken();
  }
}

}  // namespace mantlet::session
