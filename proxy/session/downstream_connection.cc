#include "proxy/session/downstream_connection.h"

#include <algorithm>
#include <utility>

#include "proxy/session/back_pressure.h"
#include "proxy/session/handshake_record.h"
#include "proxy/verify/verified_clients.h"

namespace mantlet::session {

using base::ErrorReason;
using base::ProxyError;

namespace {

// How long a connection that we have finished with is read on, so that what the
// client still sends does not turn into a reset that overtakes our last bytes.
constexpr int64_t kLingerMs = 2000;

http1::ParserLimits LimitsOf(const config::Limits& limits) {
  http1::ParserLimits parser;
  parser.target_bytes = limits.target_bytes;
  parser.header_bytes = limits.header_bytes;
  parser.header_count = limits.header_count;
  parser.body_bytes = limits.body_bytes;
  return parser;
}

}  // namespace

std::string_view DownstreamConnection::StateName(State state) {
  switch (state) {
    case State::kHandshake:
      return "handshake";
    case State::kIdle:
      return "idle";
    case State::kRequest:
      return "request";
    case State::kTunnel:
      return "tunnel";
    case State::kClosing:
      return "closing";
  }
  return "unknown";
}

DownstreamConnection::DownstreamConnection(WorkerContext& worker, Owner& owner,
                                           std::shared_ptr<ListenerSlot> slot,
                                           Admission::Ticket ticket,
                                           std::unique_ptr<io::ByteStream> transport,
                                           const io::SocketAddress& peer)
    : worker_(worker),
      owner_(owner),
      slot_(std::move(slot)),
      listener_(slot_->newest()),
      peer_(peer.is_unix() ? "unix" : peer.ToString()),
      timer_([this] { OnTimeout(); }),
      ticket_(std::move(ticket)),
      exchange_(worker, *this),
      resume_input_(worker.loop, [this] { ProcessInput(); }),
      opened_us_(worker.clock.MonotonicUs()),
      opened_wall_ms_(worker.clock.WallMs()) {
  listener_->metrics->ConnectionOpened();
  // The peer of a Unix socket has no address, and no other word may stand where one is expected.
  client_.client_address = peer.is_unix() ? "" : peer.HostText();
  client_.peer = &identity_;
  client_.peer_address = peer_;
  stream_ = std::make_unique<tls::ServerStream>(
      worker.loop, std::move(transport), listener_->tls, *worker.verified_clients,
      static_cast<tls::ServerStream::HandshakeHandler*>(this));
  stream_->SetHandler(this);
  ticket_.AwaitHello(worker_.loop, [this](AdmissionLimit limit) { MakeRoom(limit); });
  worker_.loop.ArmIn(timer_, listener_->config.timeouts.handshake.count());
}

DownstreamConnection::~DownstreamConnection() {
  worker_.standing->SetDue(*this, StandingBook::kNever);
  listener_->metrics->ConnectionClosed();
  if (tunnel_ != nullptr) {
    exchange_.TunnelEnded(tunnel_->downstream_bytes(), tunnel_->upstream_bytes());
    listener_->pool->TunnelEnded();
  }
}

// ---- handshake

const config::Limits& DownstreamConnection::NewestLimits() const {
  return slot_->current != nullptr ? slot_->current->config.limits : listener_->config.limits;
}

void DownstreamConnection::OnPartialHello() { ticket_.HoldPartialHello(NewestLimits()); }

// Its place goes to another connection: it has sent no ClientHello.
void DownstreamConnection::MakeRoom(AdmissionLimit limit) {
  if (over_) return;
  if (state_ == State::kHandshake) RecordLimit(worker_, *listener_, peer_, limit);
  Abort();
}

// What is left of its time; of the grace, if it is to end and has said nothing yet.
void DownstreamConnection::ArmHandshake() {
  const int64_t spent_ms = (worker_.clock.MonotonicUs() - opened_us_) / 1000;
  int64_t left_ms = std::max<int64_t>(0, listener_->config.timeouts.handshake.count() - spent_ms);
  if (leaving() && !hello_whole_) left_ms = std::min(left_ms, worker_.idle_grace_ms);
  worker_.loop.ArmIn(timer_, left_ms);
}

bool DownstreamConnection::OnHandshakeBegins() {
  hello_whole_ = true;
  if (leaving()) ArmHandshake();
  const std::optional<AdmissionLimit> limit =
      ticket_.BeginHandshake(NewestLimits(), worker_.clock.MonotonicUs());
  if (!limit) return true;
  RecordLimit(worker_, *listener_, peer_, *limit);
  Abort();
  return false;
}

void DownstreamConnection::OnCertificateNotVerified(const tls::HandshakeReport& report) {
  listener_->metrics->CertificateNotVerified(report.reason);
  RecordCertificateNotVerified(worker_, listener_->config.name, peer_, report);
}

void DownstreamConnection::OnHandshakeDone(identity::PeerIdentity identity) {
  ticket_.EndHandshake();
  identity_ = std::move(identity);
  CountRefusedResumption();
  listener_->metrics->HandshakeDone(
      identity_.tls.version == "TLSv1.3" ? observe::TlsVersionLabel::kTls13
                                         : observe::TlsVersionLabel::kTls12,
      identity_.tls.resumed, identity_.has_certificate(), worker_.clock.MonotonicUs() - opened_us_);
  if (identity_.has_certificate() && identity_.certificate->server_auth_only) {
    listener_->metrics->ServerAuthClient();
  }
  client_.served = {&stream_->context(), stream_->certificate_index(), stream_->verifiable()};
  RenderFacts();
  state_ = State::kIdle;
  ArmIdle();
  const bool over_already =
      identity_.has_certificate() && identity_.valid_until <= worker_.clock.WallSeconds();
  if (slot_->current != listener_ || over_already) {
    // Other rules may hold by now than those it was begun under; or a client waited with
    // its last message until its certificate had ended.
    Judge(Moment::kHandshakeDone);
  } else if (identity_.has_certificate()) {
    worker_.standing->SetDue(*this, identity_.valid_until);
  }
}

void DownstreamConnection::OnHandshakeFailed(tls::HandshakeReport report) {
  ticket_.EndHandshake();
  CountRefusedResumption();
  listener_->metrics->HandshakeFailed(report.reason);
  RecordHandshakeFailure(worker_, listener_->config.name, peer_, report);
  state_ = State::kClosing;
  if (report.reason == base::HandshakeFailure::kPeerClosed) {
    Over();
    return;
  }
  worker_.loop.ArmIn(timer_, kLingerMs);
}

void DownstreamConnection::CountRefusedResumption() {
  if (auto refusal = stream_->resumption_refusal()) listener_->metrics->ResumptionRefused(*refusal);
}

void DownstreamConnection::RenderFacts() {
  identity::RenderReport report;
  client_.identity =
      identity::RenderIdentityHeaders(listener_->config.identity_headers, identity_, &report);
  if (worker_.access_log.enabled()) {
    client_.access_log_part = observe::RenderAccessConnection(
        worker_.access_log.format(), listener_->config.name, peer_, identity_);
  }
  if (!report.clean()) RecordUnsafeIdentity(worker_, *listener_, peer_, identity_, report);
}

// A reload may have brought new rules: they hold from the next request on.
void DownstreamConnection::RefreshListener() {
  if (slot_->current == nullptr || slot_->current == listener_) return;
  // Its place is with the listener it was accepted by; the admission is shared by
  // all states of one name, and so are the metrics.
  if (slot_->current->admission != listener_->admission) return;
  listener_ = slot_->current;
  RenderFacts();
}

// ---- requests

void DownstreamConnection::ArmIdle() {
  const config::DownstreamTimeouts& timeouts = listener_->config.timeouts;
  // A client that has just shaken hands is about to ask: until its first byte
  // the head's deadline runs, not the longer one between requests.
  const int64_t idle_ms = (requests_ == 0 ? timeouts.request_head : timeouts.idle).count();
  idle_over_ = false;
  worker_.loop.ArmIn(timer_, leaving() ? std::min(idle_ms, worker_.idle_grace_ms) : idle_ms);
}

// For a client that has to take what was written to it.
void DownstreamConnection::ArmWrite() {
  untaken_ = stream_->untaken();
  worker_.loop.ArmIn(timer_, listener_->config.timeouts.write.count());
}

// Whether it has taken some of it within its time: then the time begins anew.
bool DownstreamConnection::TakesOn() {
  if (stream_->untaken() >= untaken_) return false;
  ArmWrite();
  return true;
}

void DownstreamConnection::OnData(std::string_view bytes) {
  if (state_ == State::kClosing) return;  // lingering
  if (exchange_.active() && exchange_.request_complete()) {
    HoldInput(bytes);
    return;
  }
  Process(bytes);
}

void DownstreamConnection::HoldInput(std::string_view bytes) {
  input_.append(bytes);
  paused_by_input_ = true;
  UpdateReading();
}

void DownstreamConnection::Process(std::string_view bytes) {
  if (due() != StandingBook::kNever && !exchange_.active()) {
    const int64_t now_s = worker_.clock.WallSeconds();
    if (due() <= now_s) {
      // Its turn to be judged has not come yet, but no request begins before that.
      worker_.standing->SetDue(*this, StandingBook::kNever);
      OnStandingDue();
      if (state_ == State::kClosing) return;
    }
    expires_soon_ = due() != StandingBook::kNever &&
                    (due() - now_s) * 1000 <= worker_.idle_grace_ms &&
                    listener_->config.client_auth.on_expiry != config::OnInvalid::kIgnore;
  }
  TakeParser();
  if (state_ == State::kIdle && parser_->Idle()) {
    // From the first byte, once: a byte every now and then must not move it.
    exchange_.RequestBegins();
    worker_.loop.ArmIn(timer_, listener_->config.timeouts.request_head.count());
  }
  http1::ParseResult result = parser_->Parse(bytes, *this);
  if (result.status == http1::ParseResult::Status::kError && !refusal_) {
    RefuseUnparsed(result.error);
    return;
  }
  std::string_view rest = bytes.substr(std::min(result.consumed, bytes.size()));
  if (!rest.empty() && result.status == http1::ParseResult::Status::kMessageEnd) HoldInput(rest);
  if (refusal_) {
    ProxyError error = std::move(*refusal_);
    refusal_.reset();
    exchange_.Refuse(std::move(error));
    return;
  }
  if (!exchange_.active()) {
    if (parser_->Idle() && state_ == State::kIdle && requests_ > 0) ArmIdle();
    return;
  }
  if (exchange_.request_complete()) {
    worker_.loop.timers().Cancel(timer_);
  } else {
    worker_.loop.ArmIn(timer_, listener_->config.timeouts.body.count());
  }
  exchange_.FlushRequest();
}

void DownstreamConnection::RefuseUnparsed(const http1::ParseError& error) {
  ProxyError refusal = ProxyError::OfRequest(error.reason, error.detail);
  state_ = State::kRequest;
  if (exchange_.active()) {
    exchange_.Refuse(std::move(refusal));
    return;
  }
  ++requests_;
  exchange_.RefuseUnparsed(listener_, parser_->head(), client_, std::move(refusal));
}

void DownstreamConnection::OnRequestHead(http::RequestHead& head) {
  RefreshListener();
  ++requests_;
  state_ = State::kRequest;
  asked_to_stay_ = head.keep_alive;
  const uint32_t most = listener_->config.limits.requests_per_connection;
  if (most != 0 && requests_ >= most) head.keep_alive = false;
  // Told now, so that it does not ask when the answer would be none.
  if (expires_soon_) head.keep_alive = false;
  refusal_ = exchange_.Begin(listener_, head, client_);
}

void DownstreamConnection::OnRequestBody(std::string_view piece) { exchange_.OnRequestBody(piece); }

void DownstreamConnection::OnRequestTrailers(const http::HeaderList& trailers) {
  exchange_.OnRequestTrailers(trailers);
}

void DownstreamConnection::OnRequestEnd() { exchange_.OnRequestEnd(); }

void DownstreamConnection::SetRequestPaused(bool paused) {
  paused_by_exchange_ = paused;
  if (paused) {
    worker_.loop.timers().Cancel(timer_);  // the upstream's turn
  } else if (state_ == State::kRequest && !exchange_.request_complete()) {
    worker_.loop.ArmIn(timer_, listener_->config.timeouts.body.count());
  }
  UpdateReading();
}

void DownstreamConnection::UpdateReading() {
  stream_->SetReading(!paused_by_exchange_ && !paused_by_input_ && !backlogged_);
}

void DownstreamConnection::OnExchangeEnd(ExchangeEnd end) {
  if (over_) return;
  switch (end) {
    case ExchangeEnd::kKeepAlive:
      NextRequest();
      return;
    case ExchangeEnd::kClose:
      // Who wanted to stay may be sending the next request: it is read, so that no reset
      // overtakes this answer.
      CloseSoon(asked_to_stay_);
      return;
    case ExchangeEnd::kLinger:
      CloseSoon(true);
      return;
    case ExchangeEnd::kAbort:
      Abort();
      return;
    case ExchangeEnd::kTunnel:
      StartTunnel();
      return;
  }
}

void DownstreamConnection::TakeParser() {
  if (parser_ == nullptr) parser_ = worker_.parsers.Take(LimitsOf(listener_->config.limits));
}

// Not while it holds part of a request, or is inside its call.
void DownstreamConnection::GiveParserBack() {
  if (parser_ != nullptr && parser_->Fresh()) worker_.parsers.Give(std::move(parser_));
}

void DownstreamConnection::NextRequest() {
  state_ = State::kIdle;
  GiveParserBack();
  if (ending_ || (input_ended_ && input_.empty())) {
    CloseSoon(ending_);
    return;
  }
  if (OverHighWater(*stream_)) {
    // A client that asks and asks and reads nothing: no more for it until it has
    // taken what it was given.
    backlogged_ = true;
    UpdateReading();
    ArmWrite();
    return;
  }
  ArmIdle();
  if (!input_.empty()) resume_input_.Schedule();
}

// Once it is over it retires: this is not destroyed from inside Process().
void DownstreamConnection::ProcessInput() {
  if (over_ || state_ != State::kIdle) return;
  std::string input = std::move(input_);
  input_ = std::string();
  paused_by_input_ = false;
  Process(input);
  if (over_ || state_ == State::kClosing) return;
  UpdateReading();
  if (input_ended_ && state_ == State::kIdle) CloseSoon(false);
}

void DownstreamConnection::StartTunnel() {
  state_ = State::kTunnel;
  worker_.loop.timers().Cancel(timer_);
  paused_by_exchange_ = paused_by_input_ = false;
  std::string from_upstream = exchange_.TakeTunnelBytes();
  std::string from_downstream = std::move(input_);
  input_ = std::string();
  tunnel_ = std::make_unique<Tunnel>(worker_.loop, *stream_, exchange_.TakeTunnel(),
                                     listener_->config.timeouts.tunnel.count(),
                                     [this](Tunnel::Outcome outcome) {
                                       stream_->SetHandler(this);
                                       if (outcome == Tunnel::Outcome::kIdle) {
                                         exchange_.TunnelTimedOut();
                                       }
                                       if (outcome == Tunnel::Outcome::kWhole) {
                                         Over();
                                       } else {
                                         Abort();
                                       }
                                     });
  if (!from_upstream.empty()) tunnel_->FromUpstream(from_upstream);
  if (!from_downstream.empty()) tunnel_->FromDownstream(from_downstream);
  if (input_ended_) tunnel_->DownstreamEnded();
  // It may have been asked for under another policy.
  if (!over_) JudgeTunnel();
}

// ---- still true later

void DownstreamConnection::OnStandingDue() {
  if (over_ || ending_ || listener_removed_ || state_ == State::kClosing) return;
  if (state_ == State::kHandshake) {
    // It is judged when it is done, if it comes to that: without its listener it has less time.
    if (leaving()) Drain();
    return;
  }
  Judge(Moment::kOpen);
}

void DownstreamConnection::Judge(Moment moment) {
  const int64_t now = worker_.clock.WallSeconds();
  Standing standing =
      JudgeStanding(slot_->current.get(), *worker_.verified_clients, identity_, now, moment);
  if (standing.ending.has_value()) {
    EndFor(*std::move(standing.ending));
    return;
  }
  // In case a verdict is good at its own end: not again and again in the same second.
  worker_.standing->SetDue(*this, std::max(standing.valid_until, now + 1));
  JudgeTunnel();
}

void DownstreamConnection::JudgeTunnel() {
  if (state_ != State::kTunnel || ending_ || slot_->current == nullptr) return;
  const ListenerState& newest = *slot_->current;
  const config::OnInvalid action = newest.config.client_auth.on_revocation;
  if (newest.policy == listener_->policy || action == config::OnInvalid::kIgnore) return;
  if (std::optional<ProxyError> refusal = exchange_.JudgeTunnel(newest)) {
    EndFor({base::EndReason::kPolicyDenied,
            "policy would refuse the request that this tunnel began with", action});
  }
}

void DownstreamConnection::EndFor(Ending ending) {
  RecordEnding(worker_, *listener_, peer_, StateName(state_), identity_, ending);
  // Of a removed listener nobody is refused who was let in: what is on its way is answered.
  listener_removed_ = ending.reason == base::EndReason::kListenerRemoved;
  ending_ = !listener_removed_;
  exchange_.MakeLast();
  ProxyError error(ErrorReason::kClientInvalid, std::move(ending.detail));
  if (state_ == State::kIdle && ending_) {
    // It may just be asking: what it says is read and thrown away for a moment.
    CloseSoon(true);
  } else if (ending.action == config::OnInvalid::kClose) {
    CutWith(std::move(error));
  } else {
    Drain();
    if (state_ == State::kTunnel && ending.reason != base::EndReason::kPolicyDenied) {
      exchange_.SetTunnelError(std::move(error));
    }
    deadline_ = std::make_unique<base::FunctionTimer>([this] {
      CutWith(ProxyError(ErrorReason::kClientInvalid, "cut at the deadline, shutdown.drain"));
    });
    worker_.loop.ArmIn(*deadline_, worker_.drain_ms);
  }
}

// ---- the end

void DownstreamConnection::OnEnd() {
  input_ended_ = true;
  if (state_ == State::kClosing) {
    if (stream_->buffered() == 0) Over();
    return;
  }
  if (exchange_.active()) {
    // A half-closed client may still wait for its response; one that stopped
    // within its request does not.
    if (!exchange_.request_complete()) {
      exchange_.Abandon(ProxyError(ErrorReason::kClientClosed, "closed within the request"));
    }
    return;
  }
  if (!input_.empty()) return;  // pipelined requests are still to be answered
  CloseSoon(false);
}

void DownstreamConnection::OnStreamError(const io::StreamError& error) {
  if (exchange_.active()) {
    exchange_.Abandon(ProxyError(ErrorReason::kClientClosed, error.detail));
    return;
  }
  Over();
}

void DownstreamConnection::OnDrained() {
  if (state_ == State::kClosing) {
    if (input_ended_ || !discard_input_) {
      Over();
    } else {
      worker_.loop.ArmIn(timer_, kLingerMs);
    }
    return;
  }
  if (std::exchange(backlogged_, false)) {
    UpdateReading();
    NextRequest();
    return;
  }
  exchange_.OnDownstreamDrained();
}

// Our direction ends; the client's is read (and thrown away) until it ends too,
// or for a moment at most if we know that it may still be sending.
void DownstreamConnection::CloseSoon(bool discard_input) {
  state_ = State::kClosing;
  discard_input_ = discard_input || !input_.empty();
  input_.clear();
  stream_->SetReading(true);
  stream_->ShutdownWrite();
  if (stream_->buffered() == 0 && (input_ended_ || !discard_input_)) {
    Over();
    return;
  }
  if (stream_->buffered() != 0) {
    ArmWrite();
  } else {
    worker_.loop.ArmIn(timer_, kLingerMs);
  }
}

void DownstreamConnection::Abort() {
  stream_->Abort();
  Over();
}

void DownstreamConnection::Over() {
  if (std::exchange(over_, true)) return;
  state_ = State::kClosing;
  worker_.loop.timers().Cancel(timer_);
  if (deadline_ != nullptr) worker_.loop.timers().Cancel(*deadline_);
  stream_->Close();
  owner_.OnConnectionOver(this);
}

void DownstreamConnection::OnTimeout() {
  switch (state_) {
    case State::kHandshake:
      if (leaving() && !hello_whole_) {
        if (TakesLastLook()) return;
        OnHandshakeFailed(
            stream_->Report(base::HandshakeFailure::kOther,
                            "the listener closes, and no ClientHello came in shutdown.idle_grace"));
      } else {
        OnHandshakeFailed(stream_->Report(base::HandshakeFailure::kTimeout,
                                          "the handshake took longer than timeouts.handshake"));
      }
      Over();
      return;
    case State::kIdle:
      if (backlogged_) {
        if (!TakesOn()) Abort();
        return;
      }
      if (BetweenRequests()) {
        if (!TakesLastLook()) CloseSoon(false);
        return;
      }
      state_ = State::kRequest;
      ++requests_;
      exchange_.RefuseUnparsed(
          listener_, parser_->head(), client_,
          ProxyError(ErrorReason::kRequestTimeout,
                     "the request head took longer than listeners[].timeouts.request_head"));
      return;
    case State::kRequest:
      exchange_.Refuse(
          ProxyError(ErrorReason::kRequestTimeout,
                     "nothing of the request's body within listeners[].timeouts.body"));
      return;
    case State::kTunnel:
      return;
    case State::kClosing:
      if (stream_->buffered() == 0 || !TakesOn()) Over();
      return;
  }
}

// Timers run before the loop looks for what has come: a request may be waiting in the kernel.
bool DownstreamConnection::TakesLastLook() {
  if (std::exchange(idle_over_, true)) return false;
  worker_.loop.ArmIn(timer_, 1);
  return true;
}

void DownstreamConnection::Drain() {
  if (state_ == State::kHandshake && !hello_whole_) ArmHandshake();
  if (state_ == State::kIdle && BetweenRequests() && !backlogged_) ArmIdle();
}

void DownstreamConnection::Cut() {
  CutWith(ProxyError(ErrorReason::kDraining, "cut at the drain's deadline"));
}

void DownstreamConnection::CutWith(ProxyError error) {
  if (exchange_.active()) {
    exchange_.Abandon(std::move(error));
  } else if (state_ == State::kIdle) {
    CloseSoon(false);
  } else {
    Over();
  }
}

}  // namespace mantlet::session
