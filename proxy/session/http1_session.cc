#include "proxy/session/http1_session.h"

#include <algorithm>
#include <utility>

#include "proxy/session/back_pressure.h"
#include "proxy/session/minimum_rate.h"
#include "proxy/session/timeout_record.h"

namespace mantlet::session {

using base::ErrorReason;
using base::ProxyError;

namespace {

http1::ParserLimits LimitsOf(const config::Limits& limits) {
  http1::ParserLimits parser;
  parser.target_bytes = limits.target_bytes;
  parser.header_bytes = limits.header_bytes;
  parser.header_count = limits.header_count;
  parser.body_bytes = limits.body_bytes;
  return parser;
}

}  // namespace

Http1Session::Http1Session(WorkerContext& worker, ProtocolHost& host)
    : worker_(worker),
      host_(host),
      codec_(worker.parsers, worker.loop.buffers(), host.stream()),
      exchange_(worker, *this, *this),
      timer_([this] { OnTimeout(); }),
      resume_input_(worker.loop, [this] { ReadHeldInput(); }) {
  host_.listener()->metrics->ProtocolChosen(observe::ClientProtocol::kHttp1);
  ArmIdle();
}

Activity Http1Session::activity() const {
  switch (state_) {
    case State::kIdle:
    case State::kDone:
      return Activity::kIdle;
    case State::kRequest:
      return Activity::kRequest;
    case State::kTunnel:
      return Activity::kTunnel;
  }
  return Activity::kIdle;
}

// ---- reading

void Http1Session::OnBytes(std::string_view bytes) {
  if (exchange_.active() && exchange_.request_complete()) {
    HoldInput(bytes);
    return;
  }
  Read(bytes);
}

void Http1Session::HoldInput(std::string_view bytes) {
  input_.append(bytes);
  SetPaused(PauseReason::kPipelined, true);
}

void Http1Session::Read(std::string_view bytes) {
  if (!exchange_.active() && !host_.MayBegin()) return;
  // The deadline of the head starts with its first byte; later bytes must not postpone it, nor do
  // empty lines before it.
  const bool begins = state_ == State::kIdle && codec_.between_requests();
  const int64_t idle_until_ms = timer_.armed() ? timer_.deadline_ms() : worker_.loop.now_ms();
  if (begins) {
    exchange_.RequestBegins();
    worker_.loop.ArmIn(timer_, config().timeouts.request_head.count());
  }
  const http1::ParseResult result = codec_.Read(bytes, LimitsOf(config().limits), *this);
  if (result.status == http1::ParseResult::Status::kError && !refusal_) {
    RefuseUnparsed(result.error);
    return;
  }
  const std::string_view rest = bytes.substr(std::min(result.consumed, bytes.size()));
  if (!rest.empty() && result.status == http1::ParseResult::Status::kMessageEnd) HoldInput(rest);
  if (refusal_) {
    ProxyError error = std::move(*refusal_);
    refusal_.reset();
    exchange_.Refuse(std::move(error));
    return;
  }
  if (!exchange_.active()) {
    if (begins && codec_.between_requests() && state_ == State::kIdle) {
      worker_.loop.timers().Arm(timer_, idle_until_ms);
    }
    return;
  }
  if (exchange_.request_complete()) {
    worker_.loop.timers().Cancel(timer_);
  } else {
    worker_.loop.ArmIn(timer_, config().timeouts.body.count());
  }
  exchange_.FlushRequest();
}

void Http1Session::RefuseUnparsed(const http1::ParseError& error) {
  ProxyError refusal = ProxyError::OfRequest(error.reason, error.detail);
  state_ = State::kRequest;
  if (exchange_.active()) {
    exchange_.Refuse(std::move(refusal));
    return;
  }
  ++requests_;
  exchange_.RefuseUnparsed(host_.listener(), codec_.request(), host_.client(), std::move(refusal));
}

void Http1Session::OnRequestHead(http::RequestHead& head) {
  const std::shared_ptr<const ListenerState>& listener = host_.RefreshListener();
  ++requests_;
  state_ = State::kRequest;
  client_keep_alive_ = head.keep_alive;
  const uint32_t most = listener->config.limits.requests_per_connection;
  if (most != 0 && requests_ >= most) head.keep_alive = false;
  // This response announces the close, so that the client sends no request that would get no
  // answer.
  if (host_.expires_soon() || host_.age_left_ms() <= 0) head.keep_alive = false;
  refusal_ = exchange_.Begin(listener, head, host_.client());
}

void Http1Session::OnEnd() {
  input_ended_ = true;
  if (exchange_.active()) {
    // A client that has half-closed may still wait for its response, but not if the request is
    // incomplete.
    if (!exchange_.request_complete()) {
      exchange_.Cancel(ProxyError(ErrorReason::kClientClosed,
                                  "the client closed the connection within the request"));
    }
    return;
  }
  if (!input_.empty()) return;  // pipelined requests must still be answered
  Done(CloseMode::kClose);
}

void Http1Session::OnLost(const io::StreamError& error) {
  if (exchange_.active()) {
    exchange_.Cancel(ProxyError(ErrorReason::kClientClosed, error.detail));
    return;
  }
  Done(CloseMode::kClosed);
}

void Http1Session::PauseRequest(bool paused) {
  if (paused) {
    worker_.loop.timers().Cancel(timer_);  // the upstream's deadline runs
  } else if (state_ == State::kRequest && !exchange_.request_complete()) {
    worker_.loop.ArmIn(timer_, config().timeouts.body.count());
  }
  SetPaused(PauseReason::kUpstreamFull, paused);
}

void Http1Session::SetPaused(PauseReason reason, bool paused) {
  read_gate_.Set(reason, paused);
  host_.stream().SetReading(read_gate_.is_open());
}

// ---- writing

// Returns whether another request may follow. None may follow a response that was sent before its
// request was complete, because the start of the next one is not known yet.
bool Http1Session::MayKeepAlive() const {
  return codec_.request().keep_alive && exchange_.request_complete() && !host_.leaving() &&
         !stopping_;
}

void Http1Session::WriteHead(const http::ResponseHead& head) {
  codec_.WriteHead(head, MayKeepAlive());
}

http::LocalReply Http1Session::WriteLocalReply(int status, std::string_view text) {
  return codec_.WriteLocalReply(status, text, MayKeepAlive());
}

void Http1Session::OnDrained() {
  if (read_gate_.Has(PauseReason::kClientBacklog)) {
    SetPaused(PauseReason::kClientBacklog, false);
    NextRequest();
    return;
  }
  exchange_.OnResponseDrained();
}

// ---- between requests

void Http1Session::OnExchangeEnd(ExchangeEnd end) {
  if (state_ == State::kDone) return;
  switch (end) {
    case ExchangeEnd::kComplete:
      if (codec_.keep_alive()) {
        NextRequest();
      } else {
        // A client that asked for a persistent connection may be sending the next request. The
        // connection lingers, so that no reset discards this response.
        Done(client_keep_alive_ || !exchange_.request_complete() ? CloseMode::kLinger
                                                                 : CloseMode::kClose);
      }
      return;
    case ExchangeEnd::kReset:
      Done(CloseMode::kAbort);
      return;
    case ExchangeEnd::kUpgraded:
      StartTunnel();
      return;
  }
}

void Http1Session::NextRequest() {
  state_ = State::kIdle;
  codec_.ReleaseParser();
  if (stopping_ || (input_ended_ && input_.empty())) {
    Done(stopping_ ? CloseMode::kLinger : CloseMode::kClose);
    return;
  }
  if (buffered() > buffer_limit()) {
    // The client sends requests without reading responses. It is read again once it has taken the
    // responses written so far.
    SetPaused(PauseReason::kClientBacklog, true);
    ArmWrite();
    return;
  }
  ArmIdle();
  if (!input_.empty()) resume_input_.Schedule();
}

size_t Http1Session::held() const {
  if (tunnel_ != nullptr) return tunnel_->held();
  return buffered() + input_.size() + exchange_.held();
}

void Http1Session::ReadHeldInput() {
  if (state_ != State::kIdle) return;
  const std::string input = std::exchange(input_, {});
  read_gate_.Set(PauseReason::kPipelined, false);
  Read(input);
  if (state_ == State::kDone) return;
  host_.stream().SetReading(read_gate_.is_open());
  if (input_ended_ && state_ == State::kIdle) Done(CloseMode::kClose);
}

void Http1Session::ArmIdle() {
  const config::DownstreamTimeouts& timeouts = config().timeouts;
  // After the handshake the client is expected to send a request at once: until the first byte, the
  // deadline for the request head applies instead of the longer idle timeout.
  const int64_t idle_ms = (requests_ == 0 ? timeouts.request_head : timeouts.idle).count();
  last_poll_ = false;
  worker_.loop.ArmIn(timer_, host_.leaving() ? std::min(idle_ms, host_.idle_grace_ms()) : idle_ms);
}

// Arms the write timeout: the client must read what was written.
void Http1Session::ArmWrite() {
  progress_.Begin(untaken());
  worker_.loop.ArmIn(timer_, config().timeouts.write.count());
}

void Http1Session::CheckBacklog() {
  const size_t left = untaken();
  std::optional<ProxyError> fault =
      progress_.MadeUntil(left)
          ? ReadingFault(config(), progress_.TakenUntil(left), 1)
          : ProxyError(ErrorReason::kClientWriteTimeout,
                       "the client sent requests and read no byte of the responses within "
                       "listeners[].timeouts.write");
  if (!fault) {
    ArmWrite();  // the client reads: the timeout starts again
    return;
  }
  RecordTimeout(worker_, *host_.listener(), host_.client()->peer_address, nullptr, *fault);
  Done(CloseMode::kAbort);
}

void Http1Session::OnIdleTimeout() {
  if (read_gate_.Has(PauseReason::kClientBacklog)) {
    CheckBacklog();
    return;
  }
  if (codec_.between_requests()) {
    // Timers run before the loop polls its sockets: a request may be waiting in the kernel.
    if (std::exchange(last_poll_, true)) {
      Done(CloseMode::kClose);
    } else {
      worker_.loop.ArmIn(timer_, 1);
    }
    return;
  }
  state_ = State::kRequest;
  ++requests_;
  exchange_.RefuseUnparsed(
      host_.listener(), codec_.request(), host_.client(),
      ProxyError(ErrorReason::kRequestTimeout,
                 "the request head took longer than listeners[].timeouts.request_head"));
}

void Http1Session::OnTimeout() {
  if (state_ == State::kIdle) {
    OnIdleTimeout();
  } else if (state_ == State::kRequest) {
    exchange_.Refuse(ProxyError(ErrorReason::kRequestTimeout,
                                "no byte of the request body within listeners[].timeouts.body"));
  }
}

// ---- the tunnel

void Http1Session::StartTunnel() {
  state_ = State::kTunnel;
  worker_.loop.timers().Cancel(timer_);
  read_gate_ = ReadGate();
  Exchange::Upgraded upgraded = exchange_.TakeUpgraded();
  tunnel_lease_ = std::move(upgraded.lease);
  const std::string from_downstream = std::exchange(input_, {});
  tunnel_ = std::make_unique<Tunnel>(
      worker_.loop, host_.stream(), std::move(upgraded.upstream.stream),
      config().timeouts.tunnel.count(), [this](Tunnel::Outcome outcome) { EndTunnel(outcome); });
  if (!upgraded.upstream.received.empty()) tunnel_->FromUpstream(upgraded.upstream.received);
  if (!from_downstream.empty()) tunnel_->FromDownstream(from_downstream);
  if (input_ended_) tunnel_->DownstreamEnded();
  if (state_ == State::kTunnel) host_.OnTunnelBegins();
}

void Http1Session::EndTunnel(Tunnel::Outcome outcome) {
  host_.RestoreHandler();
  if (outcome == Tunnel::Outcome::kIdle) exchange_.TunnelTimedOut();
  Done(outcome == Tunnel::Outcome::kWhole ? CloseMode::kClosed : CloseMode::kAbort);
}

void Http1Session::FinishTunnel() {
  exchange_.FinishTunnel(tunnel_->downstream_bytes(), tunnel_->upstream_bytes());
  tunnel_lease_.Release();
}

std::optional<ProxyError> Http1Session::Recheck(const ListenerState& listener) {
  if (state_ != State::kTunnel) return std::nullopt;
  return exchange_.RecheckTunnel(listener);
}

// ---- the end

void Http1Session::Stop(StopMode mode, std::optional<ProxyError> error) {
  if (mode == StopMode::kNow) {
    Cut(error ? *std::move(error) : ProxyError(ErrorReason::kDraining));
    return;
  }
  if (state_ == State::kTunnel && error) exchange_.SetTunnelError(*std::move(error));
  if (mode == StopMode::kAfterCurrent) {
    stopping_ = true;
    if (state_ == State::kIdle) Done(CloseMode::kLinger);
  } else if (state_ == State::kIdle && codec_.between_requests() &&
             !read_gate_.Has(PauseReason::kClientBacklog)) {
    ArmIdle();
  }
}

void Http1Session::Cut(ProxyError error) {
  if (exchange_.active()) {
    exchange_.Cancel(std::move(error));
  } else {
    Done(state_ == State::kIdle ? CloseMode::kClose : CloseMode::kClosed);
  }
}

void Http1Session::Done(CloseMode mode) {
  if (state_ == State::kDone) return;
  if (state_ == State::kTunnel) FinishTunnel();
  state_ = State::kDone;
  worker_.loop.timers().Cancel(timer_);
  if (mode == CloseMode::kClose && !input_.empty()) mode = CloseMode::kLinger;
  input_.clear();
  host_.Done(mode);
}

}  // namespace mantlet::session
