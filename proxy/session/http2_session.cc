#include "proxy/session/http2_session.h"

#include <algorithm>
#include <string>
#include <utility>

namespace mantlet::session {

using base::ErrorReason;
using base::ProxyError;

namespace {

http2::ServerCodec::Options OptionsOf(const config::Limits& limits) {
  http2::ServerCodec::Options options;
  options.limits.target_bytes = limits.target_bytes;
  options.limits.header_bytes = limits.header_bytes;
  options.limits.header_count = limits.header_count;
  options.limits.body_bytes = limits.body_bytes;
  options.streams = limits.streams;
  return options;
}

}  // namespace

Http2Session::Http2Session(WorkerContext& worker, ProtocolHost& host)
    : worker_(worker),
      host_(host),
      codec_(worker.loop, host.stream(), OptionsOf(host.listener()->config.limits), *this),
      timer_([this] { OnTimeout(); }) {
  ArmTimer();
}

Activity Http2Session::activity() const {
  return streams_.empty() ? Activity::kIdle : Activity::kRequest;
}

// ---- reading

void Http2Session::OnBytes(std::string_view bytes) {
  if (!host_.MayBegin()) return;
  codec_.Read(bytes);
  if (codec_.in_header_block() != header_block_timed_) {
    header_block_timed_ = codec_.in_header_block();
    ArmTimer();
  }
}

void Http2Session::OnEnd() {
  // A client that has closed its side cannot open the windows of its streams any more.
  input_ended_ = true;
  DoneIfOver();
}

void Http2Session::OnLost(const io::StreamError& error) {
  CancelStreams(ProxyError(ErrorReason::kClientClosed, error.detail));
  Done(CloseMode::kClosed);
}

// ---- streams

http2::ServerStream& Http2Session::OnStreamBegins() {
  std::unique_ptr<Http2Stream> stream =
      spare_ != nullptr ? std::move(spare_)
                        : std::make_unique<Http2Stream>(worker_, host_, codec_,
                                                        static_cast<Http2Stream::Observer&>(*this));
  stream->index = streams_.size();
  streams_.push_back(std::move(stream));
  if (streams_.size() == 1) ArmTimer();
  return streams_.back()->Begin();
}

void Http2Session::OnRequestBegins() {
  ++requests_;
  const uint32_t most = config().limits.requests_per_connection;
  if ((most != 0 && requests_ >= most) || host_.expires_soon()) Leave(Leaving::kLast);
}

void Http2Session::OnStreamOver(Http2Stream& stream) {
  const size_t index = stream.index;
  std::swap(streams_[index], streams_.back());
  streams_[index]->index = index;
  streams_.pop_back();
  if (streams_.empty()) ArmTimer();
}

void Http2Session::OnSent() { DoneIfOver(); }

void Http2Session::CancelStreams(const ProxyError& error) {
  // Cancelling ends an exchange, and no stream: these end when their resets have been sent.
  for (const auto& stream : streams_) stream->Cancel(error);
}

// ---- the end

void Http2Session::Leave(Leaving how) {
  if (how <= leaving_) return;
  leaving_ = how;
  if (how == Leaving::kNoticed) {
    codec_.SubmitShutdownNotice();
  } else {
    codec_.SubmitGoaway();
  }
  ArmTimer();
}

void Http2Session::DoneIfOver() {
  if (done_) return;
  if (codec_.finished()) {
    CancelStreams(ProxyError(ErrorReason::kClientClosed, codec_.violation_detail()));
    Done(CloseMode::kLinger);
  } else if (streams_.empty() && (leaving_ == Leaving::kLast || input_ended_)) {
    Done(input_ended_ ? CloseMode::kClose : CloseMode::kLinger);
  }
}

void Http2Session::Stop(StopMode mode, std::optional<ProxyError> error) {
  switch (mode) {
    case StopMode::kDrain:
      Leave(Leaving::kNoticed);
      return;
    case StopMode::kAfterCurrent:
      Leave(Leaving::kLast);
      return;
    case StopMode::kNow:
      Leave(Leaving::kLast);
      CancelStreams(error ? *error : ProxyError(ErrorReason::kDraining));
      codec_.Send();
      Done(CloseMode::kLinger);
      return;
  }
}

std::optional<ProxyError> Http2Session::Recheck(const ListenerState&) { return std::nullopt; }

void Http2Session::ArmTimer() {
  const config::DownstreamTimeouts& timeouts = config().timeouts;
  if (header_block_timed_) {
    worker_.loop.ArmIn(timer_, timeouts.request_head.count());
  } else if (leaving_ == Leaving::kNoticed) {
    worker_.loop.ArmIn(timer_, host_.idle_grace_ms());
  } else if (streams_.empty()) {
    worker_.loop.ArmIn(timer_, (requests_ == 0 ? timeouts.request_head : timeouts.idle).count());
  } else {
    worker_.loop.timers().Cancel(timer_);
  }
}

void Http2Session::OnTimeout() {
  if (header_block_timed_) {
    // The rest of the section would be read as something else, so that no stream can go on.
    CancelStreams(
        ProxyError(ErrorReason::kRequestTimeout,
                   "a header section took longer than listeners[].timeouts.request_head"));
    codec_.SubmitGoaway();
    codec_.Send();
    Done(CloseMode::kLinger);
    return;
  }
  Leave(Leaving::kLast);
  codec_.Send();
  DoneIfOver();
}

void Http2Session::Done(CloseMode mode) {
  if (std::exchange(done_, true)) return;
  worker_.loop.timers().Cancel(timer_);
  host_.Done(mode);
}

}  // namespace mantlet::session
