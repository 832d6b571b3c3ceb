#include "proxy/session/http2_session.h"

#include <algorithm>
#include <string>
#include <utility>

#include "proxy/session/minimum_rate.h"
#include "proxy/session/timeout_record.h"
#include "proxy/session/violation_record.h"

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

observe::Http2CloseReason ReasonOf(http2::Violation violation) {
  switch (violation) {
    case http2::Violation::kProtocolError:
      return observe::Http2CloseReason::kProtocolError;
    case http2::Violation::kRapidReset:
      return observe::Http2CloseReason::kRapidReset;
    case http2::Violation::kControlFrames:
      return observe::Http2CloseReason::kControlFrames;
    case http2::Violation::kEmptyFrames:
      return observe::Http2CloseReason::kEmptyFrames;
    case http2::Violation::kHeaderBlock:
      return observe::Http2CloseReason::kHeaderBlock;
  }
  return observe::Http2CloseReason::kProtocolError;
}

}  // namespace

Http2Session::Http2Session(WorkerContext& worker, ProtocolHost& host)
    : worker_(worker),
      host_(host),
      codec_(worker.loop, *worker.http2_memory, host.stream(),
             OptionsOf(host.listener()->config.limits), *this),
      timer_([this] { OnTimeout(); }),
      write_timer_([this] { OnWriteTimeout(); }) {
  host_.listener()->metrics->ProtocolChosen(observe::ClientProtocol::kHttp2);
  if (const int64_t age_ms = host_.age_left_ms(); age_ms != ProtocolHost::kNoAgeLimit) {
    ArmLeaveTimer(std::max<int64_t>(0, age_ms));
  }
  ArmTimer();
}

Activity Http2Session::activity() const {
  if (streams_.empty()) return Activity::kIdle;
  const bool tunnel = std::any_of(streams_.begin(), streams_.end(),
                                  [](const auto& stream) { return stream->has_tunnel(); });
  return tunnel ? Activity::kTunnel : Activity::kRequest;
}

size_t Http2Session::held() const {
  size_t held = host_.stream().buffered();
  for (const auto& stream : streams_) held += stream->held();
  return held;
}

// ---- reading

void Http2Session::OnBytes(std::string_view bytes) {
  // What a client that is no longer acceptable has in flight goes on; no request begins.
  may_begin_ = host_.MayBegin();
  if (done_) return;
  codec_.Read(bytes);
  if (codec_.header_block() != header_block_) {
    header_block_ = codec_.header_block();
    ArmTimer();
  }
}

// A client that sends no more can open no window either, so that none of its streams has a future.
void Http2Session::OnEnd() {
  CancelStreams(ProxyError(ErrorReason::kClientClosed, "the client closed its connection"));
  Done(CloseMode::kClose);
}

void Http2Session::OnLost(const io::StreamError& error) {
  CancelStreams(ProxyError(ErrorReason::kClientClosed, error.detail));
  Done(CloseMode::kClosed);
}

// ---- streams

http2::ServerStream& Http2Session::OnStreamBegins() {
  host_.listener()->metrics->StreamOpened();
  std::unique_ptr<Http2Stream> stream(new (worker_.loop.blocks()) Http2Stream(
      worker_, host_, codec_, static_cast<Http2Stream::Observer&>(*this)));
  stream->index = streams_.size();
  streams_.push_back(std::move(stream));
  if (streams_.size() == 1) ArmTimer();
  return streams_.back()->Begin();
}

bool Http2Session::OnRequestBegins() {
  const uint32_t most = config().limits.requests_per_connection;
  // Requests that were read together with the last one have no part in its GOAWAY.
  if (!may_begin_ || (most != 0 && requests_ >= most)) {
    OnStreamRefused(true);
    return false;
  }
  ++requests_;
  if ((most != 0 && requests_ >= most) || host_.expires_soon()) Leave(Leaving::kLast);
  return true;
}

void Http2Session::OnStreamRefused(bool draining) {
  host_.listener()->metrics->StreamRefused(draining ? observe::StreamRefusal::kDraining
                                                    : observe::StreamRefusal::kStreamLimit);
}

void Http2Session::OnStreamOver(Http2Stream& stream) {
  host_.listener()->metrics->StreamClosed();
  const size_t index = stream.index;
  std::swap(streams_[index], streams_.back());
  streams_[index]->index = index;
  // A tunnel may be on the stack.
  if (stream.has_tunnel()) worker_.loop.DeferDelete(std::move(streams_.back()));
  streams_.pop_back();
  if (streams_.empty()) ArmTimer();
}

void Http2Session::OnSent() {
  DoneIfOver();
  WatchOutput();
}

void Http2Session::OnDrained() {
  // Its rate is measured while something waits for it, all the time.
  worker_.loop.timers().Cancel(write_timer_);
  codec_.OnDrained();
}

// A client that takes nothing at all cannot be told of the end of a stream either.
void Http2Session::WatchOutput() {
  if (done_ || write_timer_.armed() || host_.stream().buffered() == 0) return;
  taken_ = codec_.taken();
  worker_.loop.ArmIn(write_timer_, config().timeouts.write.count());
}

void Http2Session::OnWriteTimeout() {
  const int64_t taken = codec_.taken() - taken_;
  std::optional<ProxyError> fault;
  if (host_.stream().buffered() != 0 && taken <= 0) {
    fault = ProxyError(ErrorReason::kClientWriteTimeout,
                       "the client took nothing within listeners[].timeouts.write");
  } else if (host_.stream().buffered() != 0) {
    fault = ReadingFault(config(), static_cast<uint64_t>(taken), 1);
  }
  if (!fault) {
    WatchOutput();
    return;
  }
  RecordTimeout(worker_, *host_.listener(), host_.client()->peer_address, nullptr, *fault);
  CancelStreams(*fault);
  Done(CloseMode::kAbort);
}

void Http2Session::CancelStreams(const ProxyError& error) {
  // Cancelling ends an exchange, and no stream but that of a tunnel: the others end when their
  // resets have been sent.
  for (size_t i = streams_.size(); i > 0; --i) streams_[i - 1]->Cancel(error);
}

// ---- the end

void Http2Session::Leave(Leaving how) {
  if (how <= leaving_) return;
  leaving_ = how;
  if (how == Leaving::kNoticed) {
    codec_.SubmitShutdownNotice();
    ArmLeaveTimer(host_.idle_grace_ms());
  } else {
    codec_.SubmitGoaway();
    if (leave_timer_ != nullptr) worker_.loop.timers().Cancel(*leave_timer_);
  }
}

void Http2Session::ArmLeaveTimer(int64_t delay_ms) {
  if (leave_timer_ == nullptr) {
    leave_timer_ = std::make_unique<base::FunctionTimer>([this] { OnLeaveTimer(); });
  }
  worker_.loop.ArmIn(*leave_timer_, delay_ms);
}

void Http2Session::OnLeaveTimer() {
  if (leaving_ == Leaving::kNo) {
    Leave(Leaving::kNoticed);  // limits.connection_age
  } else {
    LeaveNow();
  }
}

void Http2Session::LeaveNow() {
  Leave(Leaving::kLast);
  codec_.Send();
  DoneIfOver();
}

void Http2Session::RecordViolation() {
  const observe::Http2CloseReason reason = ReasonOf(*codec_.violation());
  host_.listener()->metrics->Http2ConnectionClosed(reason);
  session::RecordViolation(worker_, *host_.listener(), host_.client()->peer_address, reason,
                           codec_.violation_detail());
}

void Http2Session::DoneIfOver() {
  if (done_) return;
  if (codec_.finished() || codec_.violation()) {
    if (codec_.violation()) RecordViolation();
    CancelStreams(ProxyError(ErrorReason::kClientClosed, codec_.violation_detail()));
    Done(CloseMode::kLinger);
  } else if (streams_.empty() && leaving_ == Leaving::kLast) {
    Done(CloseMode::kLinger);
  }
}

void Http2Session::Stop(StopMode mode, std::optional<ProxyError> error) {
  switch (mode) {
    case StopMode::kDrain:
      Leave(Leaving::kNoticed);
      return;
    case StopMode::kAfterCurrent:
      if (error) {
        for (const auto& stream : streams_) stream->SetTunnelError(*error);
      }
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

// A tunnel is one stream of many: those that the policy denies end by themselves, as
// client_auth.on_revocation has it.
std::optional<ProxyError> Http2Session::Recheck(const ListenerState& listener) {
  for (size_t i = streams_.size(); i > 0; --i) streams_[i - 1]->Recheck(listener);
  return std::nullopt;
}

void Http2Session::ArmTimer() {
  const config::DownstreamTimeouts& timeouts = config().timeouts;
  if (header_block_ != 0) {
    worker_.loop.ArmIn(timer_, timeouts.request_head.count());
  } else if (streams_.empty()) {
    worker_.loop.ArmIn(timer_, (requests_ == 0 ? timeouts.request_head : timeouts.idle).count());
  } else {
    worker_.loop.timers().Cancel(timer_);
  }
}

void Http2Session::OnTimeout() {
  if (header_block_ != 0) {
    // The rest of the section would be read as something else, so that no stream can go on.
    CancelStreams(
        ProxyError(ErrorReason::kRequestTimeout,
                   "a header section took longer than listeners[].timeouts.request_head"));
    codec_.SubmitGoaway();
    codec_.Send();
    Done(CloseMode::kLinger);
    return;
  }
  LeaveNow();
}

void Http2Session::Done(CloseMode mode) {
  if (std::exchange(done_, true)) return;
  if (mode == CloseMode::kLinger) codec_.SendLast();
  codec_.Close();
  for (size_t i = 0; i < streams_.size(); ++i) host_.listener()->metrics->StreamClosed();
  if (leave_timer_ != nullptr) worker_.loop.timers().Cancel(*leave_timer_);
  worker_.loop.timers().Cancel(timer_);
  worker_.loop.timers().Cancel(write_timer_);
  host_.Done(mode);
}

}  // namespace mantlet::session
