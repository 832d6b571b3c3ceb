#include "proxy/session/connection.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "proxy/session/handshake_record.h"
#include "proxy/session/minimum_rate.h"
#include "proxy/session/protocol_table.h"
#include "proxy/session/timeout_record.h"

namespace mantlet::session {

using base::ErrorReason;
using base::ProxyError;

namespace {

// A connection is read for this long after our direction has ended. Without it, bytes that the
// client still sends would cause a reset that discards our last bytes at the client.
constexpr int64_t kLingerMs = 2000;

}  // namespace

std::string_view Connection::StateName(State state) {
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

Connection::State Connection::state() const {
  if (phase_ == Phase::kHandshake) return State::kHandshake;
  if (phase_ != Phase::kOpen) return State::kClosing;
  switch (protocol_->activity()) {
    case Activity::kIdle:
      return State::kIdle;
    case Activity::kRequest:
      return State::kRequest;
    case Activity::kTunnel:
      return State::kTunnel;
  }
  return State::kIdle;
}

Connection::Connection(WorkerContext& worker, Observer& observer,
                       std::shared_ptr<ListenerSlot> slot, Admission::Ticket ticket,
                       std::unique_ptr<io::ByteStream> transport, const io::SocketAddress& peer)
    : worker_(worker),
      observer_(observer),
      slot_(std::move(slot)),
      listener_(slot_->newest()),
      peer_(peer.is_unix() ? "unix" : peer.ToString()),
      ticket_(std::move(ticket)),
      timer_([this] { OnTimeout(); }),
      opened_us_(worker.clock.MonotonicUs()),
      opened_wall_ms_(worker.clock.WallMs()) {
  listener_->metrics->ConnectionOpened();
  // The peer of a Unix socket has no address, and no placeholder may stand in the header's value.
  auto client = std::make_shared<ClientFacts>();
  client->client_address = peer.is_unix() ? "" : peer.HostText();
  client->peer = &identity_;
  client->peer_address = peer_;
  client_ = std::move(client);
  ticket_.AwaitHello(worker_.loop, [this](AdmissionLimit limit) { MakeRoom(limit); });
  worker_.loop.ArmIn(timer_, listener_->config.timeouts.handshake.count());
  acceptance_ = listener_->acceptor->Accept(std::move(transport), *this);
  stream().SetHandler(this);
}

Connection::~Connection() { worker_.revalidation->SetDue(*this, RevalidationSchedule::kNever); }

// ---- the handshake

const config::Limits& Connection::NewestLimits() const {
  return slot_->current != nullptr ? slot_->current->config.limits : listener_->config.limits;
}

void Connection::OnPartialHello() {
  hello_begun_ = true;
  ticket_.HoldPartialHello(NewestLimits());
}

// The connection is not open yet and is evicted for others.
void Connection::MakeRoom(AdmissionLimit limit) {
  if (phase_ == Phase::kOver) return;
  if (phase_ == Phase::kHandshake) RecordLimit(worker_, *listener_, peer_, limit);
  Abort();
}

// Arms the timer with the time left for the handshake; with the idle grace if the connection is to
// end and has sent nothing yet.
void Connection::ArmHandshake() {
  const int64_t spent_ms = (worker_.clock.MonotonicUs() - opened_us_) / 1000;
  int64_t left_ms = std::max<int64_t>(0, listener_->config.timeouts.handshake.count() - spent_ms);
  if (leaving() && !hello_whole_) left_ms = std::min(left_ms, worker_.idle_grace_ms);
  worker_.loop.ArmIn(timer_, left_ms);
}

bool Connection::OnHandshakeBegins() {
  hello_begun_ = hello_whole_ = true;
  if (leaving()) ArmHandshake();
  std::optional<AdmissionLimit> limit =
      ticket_.BeginHandshake(NewestLimits(), worker_.clock.MonotonicUs());
  if (!limit && worker_.memory != nullptr && worker_.memory->refuses_new()) {
    ++worker_.memory->counts.refused;
    limit = AdmissionLimit::kMemory;
  }
  if (!limit) return true;
  RecordLimit(worker_, *listener_, peer_, *limit);
  Abort();
  return false;
}

void Connection::OnCertificateNotVerified(const tls::HandshakeReport& report) {
  listener_->metrics->CertificateNotVerified(report.reason);
  RecordCertificateNotVerified(worker_, listener_->config.name, peer_, report);
}

void Connection::OnAccepted(Accepted accepted) {
  ticket_.EndHandshake();
  identity_ = std::move(accepted.client);
  auto client = std::make_shared<ClientFacts>(*client_);
  client->served = accepted.served;
  client->scheme = accepted.scheme;
  CountHandshake();
  RenderClient(std::move(client));
  worker_.loop.timers().Cancel(timer_);
  phase_ = Phase::kOpen;
  protocol_ = listener_->protocols->Make(accepted.protocol, worker_, *this);
  const bool over_already =
      identity_.has_certificate() && identity_.valid_until <= worker_.clock.WallSeconds();
  if (slot_->current != listener_ || over_already) {
    // The configuration may have changed since the handshake began, or the certificate may have
    // expired while the client delayed its last message.
    Validate(RevalidationPhase::kHandshakeDone);
  } else if (identity_.has_certificate()) {
    worker_.revalidation->SetDue(*this, identity_.valid_until);
  }
}

void Connection::CountHandshake() {
  CountRefusedResumption();
  if (identity_.tls.version.empty()) return;  // a connection without TLS has no handshake to count
  listener_->metrics->HandshakeDone(
      identity_.tls.version == "TLSv1.3" ? observe::TlsVersionLabel::kTls13
                                         : observe::TlsVersionLabel::kTls12,
      identity_.tls.resumed, identity_.has_certificate(), worker_.clock.MonotonicUs() - opened_us_);
  if (!identity_.has_certificate()) return;
  listener_->metrics->ClientVerified(identity_.certificate->issuer,
                                     identity_.certificate->not_after, worker_.clock.WallSeconds());
  if (identity_.certificate->server_auth_only) listener_->metrics->ServerAuthClient();
}

void Connection::OnRefused(tls::HandshakeReport report) {
  ticket_.EndHandshake();
  CountRefusedResumption();
  listener_->metrics->HandshakeFailed(report.reason);
  RecordHandshakeFailure(worker_, listener_->config.name, peer_, report);
  phase_ = Phase::kClosing;
  if (report.reason == base::HandshakeFailure::kPeerClosed) {
    Finish();
    return;
  }
  worker_.loop.ArmIn(timer_, kLingerMs);
}

void Connection::CountRefusedResumption() {
  if (auto refusal = acceptance_->resumption_refusal()) {
    listener_->metrics->ResumptionRefused(*refusal);
  }
}

void Connection::RenderClient(std::shared_ptr<ClientFacts> client) {
  identity::RenderReport report;
  client->identity =
      identity::RenderIdentityHeaders(listener_->config.identity_headers, identity_, &report);
  if (worker_.access_log.enabled()) {
    client->access_log_part = observe::RenderAccessConnection(
        worker_.access_log.format(), listener_->config.name, peer_, identity_);
  }
  client_ = std::move(client);
  if (!report.clean()) RecordUnsafeIdentity(worker_, *listener_, peer_, identity_, report);
}

// ---- between requests

// A reload may have changed the rules; the new ones apply from the next request on.
const std::shared_ptr<const ListenerState>& Connection::RefreshListener() {
  const std::shared_ptr<const ListenerState>& newest = slot_->current;
  // The ticket belongs to the listener that accepted the connection. All states of one listener
  // name share the admission and the metrics.
  if (newest != nullptr && newest != listener_ && newest->admission == listener_->admission) {
    listener_ = newest;
    RenderClient(std::make_shared<ClientFacts>(*client_));
  }
  return listener_;
}

bool Connection::MayBegin() {
  if (ending_) return false;
  if (due() == RevalidationSchedule::kNever) return true;
  const int64_t now_s = worker_.clock.WallSeconds();
  if (due() <= now_s) {
    // The schedule has not reached this connection yet, but no request may begin before its client
    // is validated.
    worker_.revalidation->SetDue(*this, RevalidationSchedule::kNever);
    OnRevalidationDue();
    if (phase_ != Phase::kOpen || ending_) return false;
  }
  expires_soon_ = due() != RevalidationSchedule::kNever &&
                  (due() - now_s) * 1000 <= worker_.idle_grace_ms &&
                  listener_->config.client_auth.on_expiry != config::OnInvalid::kIgnore;
  return true;
}

// The age differs by up to a tenth from connection to connection, so that clients that have come
// together do not come back together.
int64_t Connection::age_left_ms() const {
  const int64_t age_ms = listener_->config.limits.connection_age.count();
  if (age_ms == 0) return kNoAgeLimit;
  constexpr uint64_t kSpread = 0x9e3779b97f4a7c15;  // 2^64 divided by the golden ratio
  const auto jitter = static_cast<int64_t>((static_cast<uint64_t>(opened_us_) * kSpread) >> 32);
  const int64_t shift_ms = age_ms / 10 * (jitter - (int64_t{1} << 31)) / (int64_t{1} << 31);
  return age_ms + shift_ms - (worker_.clock.MonotonicUs() - opened_us_) / 1000;
}

void Connection::OnData(std::string_view bytes) {
  if (phase_ == Phase::kOpen) protocol_->OnBytes(bytes);
}

// ---- validation of an open connection's client

void Connection::OnRevalidationDue() {
  if (phase_ == Phase::kHandshake) {
    // The client is validated when the handshake is done. If its listener is gone, the handshake
    // gets less time.
    if (leaving()) Drain();
    return;
  }
  if (phase_ == Phase::kOpen && !ending_ && !listener_removed_) Validate(RevalidationPhase::kOpen);
}

void Connection::Validate(RevalidationPhase phase) {
  const int64_t now = worker_.clock.WallSeconds();
  Validity validity =
      Revalidate(slot_->current.get(), *worker_.client_verdicts, identity_, now, phase);
  if (validity.termination.has_value()) {
    Terminate(*std::move(validity.termination));
    return;
  }
  // A verdict may be valid for no time at all; the next validation waits for the next second.
  worker_.revalidation->SetDue(*this, std::max(validity.valid_until, now + 1));
  RecheckTunnel();
}

void Connection::RecheckTunnel() {
  if (state() != State::kTunnel || ending_ || slot_->current == nullptr) return;
  const ListenerState& newest = *slot_->current;
  const config::OnInvalid action = newest.config.client_auth.on_revocation;
  if (newest.policy == listener_->policy || action == config::OnInvalid::kIgnore) return;
  if (protocol_->Recheck(newest)) {
    Terminate({base::EndReason::kPolicyDenied,
               "the policy would now deny the request of this tunnel", action});
  }
}

void Connection::Terminate(Termination termination) {
  RecordTermination(worker_, *listener_, peer_, StateName(state()), identity_, termination);
  // Removing a listener does not reject its clients: requests in flight are answered.
  listener_removed_ = termination.reason == base::EndReason::kListenerRemoved;
  ending_ = !listener_removed_;
  const bool idle = protocol_->activity() == Activity::kIdle;
  ProxyError error(ErrorReason::kClientInvalid, std::move(termination.detail));
  if (termination.action == config::OnInvalid::kClose && !(idle && ending_)) {
    protocol_->Stop(StopMode::kNow, std::move(error));
    return;
  }
  protocol_->Stop(ending_ ? StopMode::kAfterCurrent : StopMode::kDrain, std::move(error));
  if (phase_ != Phase::kOpen) return;
  deadline_ = std::make_unique<base::FunctionTimer>([this] {
    ForceClose(ProxyError(ErrorReason::kClientInvalid, "cut at the deadline, shutdown.drain"));
  });
  worker_.loop.ArmIn(*deadline_, worker_.drain_ms);
}

// ---- the end

void Connection::OnEnd() {
  input_ended_ = true;
  if (phase_ == Phase::kOpen) {
    protocol_->OnEnd();
  } else if (phase_ == Phase::kHandshake) {
    CloseAfterWrites(false);
  } else if (stream().buffered() == 0) {
    Finish();
  }
}

void Connection::OnStreamError(const io::StreamError& error) {
  if (phase_ == Phase::kOpen) {
    protocol_->OnLost(error);
  } else {
    Finish();
  }
}

void Connection::OnDrained() {
  if (phase_ == Phase::kHandshake) return;
  if (phase_ == Phase::kOpen) {
    protocol_->OnDrained();
  } else if (input_ended_ || !linger_) {
    Finish();
  } else {
    worker_.loop.ArmIn(timer_, kLingerMs);
  }
}

void Connection::Done(CloseMode mode) {
  if (phase_ != Phase::kOpen) return;
  switch (mode) {
    case CloseMode::kClose:
      CloseAfterWrites(false);
      return;
    case CloseMode::kLinger:
      CloseAfterWrites(true);
      return;
    case CloseMode::kAbort:
      Abort();
      return;
    case CloseMode::kClosed:
      Finish();
      return;
  }
}

// Ends our direction. The client's direction is read and discarded until it ends, too. If it is
// known that the client may still be sending, that time is limited to kLingerMs.
void Connection::CloseAfterWrites(bool linger) {
  phase_ = Phase::kClosing;
  linger_ = linger;
  stream().SetReading(true);
  stream().ShutdownWrite();
  if (stream().buffered() == 0 && (input_ended_ || !linger_)) {
    Finish();
    return;
  }
  if (stream().buffered() != 0) {
    ArmWrite();
  } else {
    worker_.loop.ArmIn(timer_, kLingerMs);
  }
}

// Arms the write timeout: the client must read what was written.
void Connection::ArmWrite() {
  progress_.Begin(stream().untaken());
  worker_.loop.ArmIn(timer_, listener_->config.timeouts.write.count());
}

void Connection::Abort() {
  stream().Abort();
  Finish();
}

void Connection::Finish() {
  if (std::exchange(phase_, Phase::kOver) == Phase::kOver) return;
  worker_.loop.timers().Cancel(timer_);
  if (deadline_ != nullptr) worker_.loop.timers().Cancel(*deadline_);
  stream().Close();
  listener_->metrics->ConnectionClosed();
  observer_.OnConnectionClosed(this);
}

void Connection::OnTimeout() {
  if (phase_ == Phase::kHandshake) {
    OnHandshakeTimeout();
  } else if (phase_ == Phase::kClosing && protocol_ != nullptr && stream().buffered() != 0) {
    CheckLastResponse();
  } else {
    Finish();
  }
}

// The client has not taken the last response yet, whose exchange is over and recorded.
void Connection::CheckLastResponse() {
  const size_t left = stream().untaken();
  std::optional<ProxyError> fault =
      progress_.MadeUntil(left) ? ReadingFault(listener_->config, progress_.TakenUntil(left), 1)
                                : ProxyError(ErrorReason::kClientWriteTimeout,
                                             "the client read no byte of the last response within "
                                             "listeners[].timeouts.write");
  if (!fault) {
    ArmWrite();  // the client reads: the timeout starts again
    return;
  }
  RecordTimeout(worker_, *listener_, peer_, nullptr, *fault);
  Finish();
}

void Connection::OnHandshakeTimeout() {
  if (leaving() && !hello_whole_) {
    // Timers run before the loop polls its sockets: a ClientHello may be waiting in the kernel.
    if (!std::exchange(last_poll_, true)) {
      worker_.loop.ArmIn(timer_, 1);
      return;
    }
    OnRefused(acceptance_->Report(
        base::HandshakeFailure::kOther,
        "the listener closes, and no ClientHello arrived within shutdown.idle_grace"));
  } else {
    OnRefused(acceptance_->Report(base::HandshakeFailure::kTimeout,
                                  "the handshake took longer than timeouts.handshake"));
  }
  Finish();
}

void Connection::Drain() {
  if (phase_ == Phase::kHandshake) {
    if (!hello_whole_) ArmHandshake();
  } else if (phase_ == Phase::kOpen) {
    protocol_->Stop(StopMode::kDrain, std::nullopt);
  }
}

void Connection::Cut() {
  ForceClose(ProxyError(ErrorReason::kDraining, "cut at the drain's deadline"));
}

void Connection::Drop(ProxyError error) {
  if (phase_ == Phase::kHandshake) {
    MakeRoom(AdmissionLimit::kMemory);
    return;
  }
  ForceClose(std::move(error));
  if (phase_ != Phase::kOver) Abort();
}

void Connection::EndIfIdle() {
  if (state() == State::kIdle) protocol_->Stop(StopMode::kAfterCurrent, std::nullopt);
}

size_t Connection::held() const {
  if (phase_ == Phase::kOver) return 0;
  if (phase_ == Phase::kHandshake) return hello_begun_ ? kHandshakeBytes : kSilentBytes;
  return phase_ == Phase::kOpen ? protocol_->held() : acceptance_->stream().buffered();
}

void Connection::ForceClose(ProxyError error) {
  if (phase_ == Phase::kOpen) {
    protocol_->Stop(StopMode::kNow, std::move(error));
  } else {
    Finish();
  }
}

}  // namespace mantlet::session
