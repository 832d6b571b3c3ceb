#include "proxy/session/http2_stream.h"

#include <utility>

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
  begun_ = true;
  const std::shared_ptr<const ListenerState>& listener = host_.RefreshListener();
  observer_.OnRequestBegins();
  if (auto refusal = exchange_.Begin(listener, head, host_.client())) {
    exchange_.Refuse(*std::move(refusal));
  }
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
  if (!stream_.request_complete()) ArmBody();
  exchange_.FlushRequest();
}

void Http2Stream::OnRequestRefused(const http::RequestHead& head, ProxyError error) {
  if (exchange_.active()) {
    exchange_.Refuse(std::move(error));
    return;
  }
  if (std::exchange(begun_, true)) return;  // its exchange is over
  observer_.OnRequestBegins();
  exchange_.RefuseUnparsed(host_.listener(), head, host_.client(), std::move(error));
}

// ---- the end

void Http2Stream::OnExchangeEnd(ExchangeEnd end) {
  worker_.loop.timers().Cancel(timer_);
  if (end == ExchangeEnd::kComplete) {
    if (!stream_.closed()) ArmWrite();
    return;
  }
  stream_.Reset(end == ExchangeEnd::kReset ? NGHTTP2_INTERNAL_ERROR : NGHTTP2_CANCEL);
}

void Http2Stream::OnStreamClosed(std::optional<ProxyError> error) {
  worker_.loop.timers().Cancel(timer_);
  if (exchange_.active()) {
    exchange_.Cancel(error ? *std::move(error) : ProxyError(ErrorReason::kClientClosed));
  } else if (!begun_ && error) {
    OnRequestRefused(stream_.request(), *std::move(error));
  }
  observer_.OnStreamOver(*this);
}

void Http2Stream::Cancel(ProxyError error) {
  if (exchange_.active()) {
    exchange_.Cancel(std::move(error));
  } else {
    stream_.Reset(NGHTTP2_CANCEL);
  }
}

// ---- deadlines

void Http2Stream::ArmBody() { worker_.loop.ArmIn(timer_, timeouts().body.count()); }

void Http2Stream::ArmWrite() {
  progress_.Begin(stream_.untaken());
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

void Http2Stream::OnTimeout() {
  if (exchange_.active() && exchange_.responding()) {
    OnBothIdle();
  } else if (exchange_.active() && stream_.paused()) {
    ArmBody();  // the upstream's deadline runs
  } else if (exchange_.active()) {
    exchange_.Refuse(ProxyError(ErrorReason::kRequestTimeout,
                                "nothing of the request's body within listeners[].timeouts.body"));
  } else if (progress_.MadeUntil(stream_.untaken())) {
    ArmWrite();
  } else {
    stream_.Reset(NGHTTP2_CANCEL);
  }
}

}  // namespace mantlet::session
