#include "proxy/session/exchange.h"

#include <utility>

#include "absl/strings/match.h"
#include "proxy/http/grpc.h"
#include "proxy/session/back_pressure.h"
#include "proxy/session/denial_record.h"
#include "proxy/session/minimum_rate.h"
#include "proxy/session/timeout_record.h"

namespace mantlet::session {

using base::ErrorReason;
using base::ProxyError;

namespace {

// How much content of a request is kept to send it again if an HTTP/2 upstream refuses it.
constexpr size_t kHeldBytes = 64 * 1024;
// How often a request is sent again because it was refused.
constexpr uint8_t kMostRefusals = 2;

ProxyError QueueFull() {
  return ProxyError(ErrorReason::kPoolExhausted,
                    "upstreams[].pool.pending requests are already waiting");
}

// Returns whether the media type is text/event-stream, with any parameters (WHATWG HTML, section
// 9.2).
bool IsEventStream(std::string_view type) {
  type = type.substr(0, type.find(';'));
  while (!type.empty() && (type.back() == ' ' || type.back() == '\t')) type.remove_suffix(1);
  return absl::EqualsIgnoreCase({type.data(), type.size()}, "text/event-stream");
}

// Returns whether the response says that it is a stream of events or of gRPC's messages.
bool IsPacedByReader(const http::ResponseHead& head) {
  const std::string_view type = head.headers.Find(http::HeaderId::kContentType).value_or("");
  return IsEventStream(type) || http::IsGrpc(type);
}

}  // namespace

Exchange::Exchange(WorkerContext& worker, http::ResponseWriter& response, ExchangeHandler& handler)
    : worker_(worker),
      response_(response),
      handler_(handler),
      timer_([this] { OnTimeout(); }),
      early_body_(&worker.loop.blocks()),
      trailers_(&worker.loop.blocks()),
      record_(worker) {}

Exchange::~Exchange() {
  if (state_ == State::kWaiting) pool().CancelWait(this);
}

void Exchange::Reset(const std::shared_ptr<const ListenerState>& listener,
                     const http::RequestHead& head,
                     const std::shared_ptr<const ClientFacts>& client) {
  // Assigning the same pointer again would cost two atomic operations.
  if (listener_ != listener) listener_ = listener;
  pool_ = &listener->PoolFor(head.version);
  head_ = &head;
  if (client_ != client) client_ = client;
  response_head_ = nullptr;
  request_complete_ = request_paused_ = response_paused_ = holds_content_ = false;
  retries_ = 0;
  response_started_ = interim_forwarded_ = switching_ = false;
  event_stream_ = event_stream_unknown_ = paced_by_reader_ = false;
  rate_due_ms_ = 0;
  early_body_.clear();
  trailers_.Clear();
  record_.Reset(*listener);
}

// ---- the request

std::optional<ProxyError> Exchange::Begin(const std::shared_ptr<const ListenerState>& listener,
                                          const http::RequestHead& head,
                                          const std::shared_ptr<const ClientFacts>& client) {
  Reset(listener, head, client);
  state_ = State::kRefused;
  if (worker_.shedder.RefusesRequest()) {
    listener_->metrics->Shed(observe::ShedWork::kRequest);
    return ProxyError(ErrorReason::kOverloaded,
                      "events wait in this worker for longer than limits.overload");
  }
  RequestGate::Verdict verdict = gate_.Check(*listener_, *client_, head);
  record_.rule = verdict.rule;
  if (verdict.refusal) {
    RecordRefusal(*listener_, verdict);
    return std::move(verdict.refusal);
  }
  if (!head.upgrade_ignored.empty()) {
    RecordIgnoredUpgrade(worker_, listener_->config.name, client_->peer_address, head);
  }
  if (head.grpc && pool().protocol() == upstream::Pool::Protocol::kHttp1) {
    listener_->upstream_metrics->Failed(ErrorReason::kUpstreamProtocol);
    RecordGrpcOverHttp1(worker_, *listener_, client_->peer_address, head);
    return ProxyError(ErrorReason::kUpstreamProtocol,
                      "gRPC needs HTTP/2 to the application: set upstreams[].protocol to h2c");
  }
  pool().CountRequest();
  if (upstream::Lease lease = pool().TakeIdle(Repeatability())) {
    StartSending(std::move(lease));
    return std::nullopt;
  }
  if (!pool().Wait(this, Repeatability())) return QueueFull();
  state_ = State::kWaiting;
  return std::nullopt;
}

void Exchange::RecordRefusal(const ListenerState& listener, const RequestGate::Verdict& verdict) {
  if (!verdict.denied_by) return;
  listener.denials[*verdict.denied_by]->Add();
  RecordDenial(worker_, listener.config.name, client_->peer_address, verdict.rule, *head_,
               client_->peer);
}

void Exchange::StartSending(upstream::Lease lease) {
  state_ = State::kSending;
  upstream_ = std::move(lease);
  SendRequestHead();
  if (!early_body_.empty()) upstream_->WriteBody(early_body_);
  holds_content_ =
      pool().protocol() == upstream::Pool::Protocol::kH2c && early_body_.size() <= kHeldBytes;
  if (!holds_content_) early_body_.clear();
  if (request_complete_) upstream_->WriteEnd(trailers_);
  ArmTimer();
}

void Exchange::SendRequestHead() {
  http::RequestForwarding forwarding{.strip = listener_->strip,
                                     .identity = client_->identity,
                                     .client_address = client_->client_address,
                                     .default_host = pool().target().address_text,
                                     .tunnel_upgrade = head_->wants_upgrade()};
  forwarding.replace_forwarded_for =
      listener_->config.identity_headers.forwarded_for == config::ForwardedFor::kReplace;
  forwarding.target = gate_.target();
  forwarding.scheme = client_->scheme;
  upstream_->WriteHead(*head_, forwarding, *this);
  record_.RequestSent();
}

void Exchange::OnRequestBody(std::string_view piece) {
  record_.request_bytes += piece.size();
  if (state_ == State::kWaiting) {
    early_body_.append(piece);
  } else if (upstream_) {
    upstream_->WriteBody(piece);
    if (holds_content_) HoldContent(piece);
  }
}

void Exchange::HoldContent(std::string_view piece) {
  if (early_body_.size() + piece.size() > kHeldBytes) {
    DropHeldContent();
  } else {
    early_body_.append(piece);
  }
}

void Exchange::DropHeldContent() {
  if (!std::exchange(holds_content_, false)) return;
  std::pmr::string(early_body_.get_allocator()).swap(early_body_);  // frees the memory
}

void Exchange::OnRequestTrailers(const http::HeaderList& trailers) {
  if (state_ == State::kRefused) return;
  http::ForwardRequestTrailers(trailers, listener_->strip, trailers_);
}

void Exchange::OnRequestEnd() {
  request_complete_ = true;
  if (!upstream_) return;
  upstream_->WriteEnd(trailers_);
  // The head of the response has come before these: they must not be sent to the client with its
  // trailers. Before that, they are kept for a retry.
  if (state_ == State::kResponding) trailers_.Clear();
  ArmTimer();
}

void Exchange::FlushRequest() {
  if (upstream_) upstream_->Flush();
  if (switching_ && request_complete_) {
    SwitchProtocols();
    return;
  }
  const bool full = upstream_ ? upstream_->buffered() > response_.buffer_limit()
                              : state_ == State::kWaiting && !early_body_.empty();
  if (request_complete_) return;
  if (full != request_paused_) {
    PauseRequest(full);
  } else if (std::optional<ProxyError> fault = RequestRateFault()) {
    RecordTimeout(*fault);
    Fail(*std::move(fault));
  }
}

// Called for each read of a request that is not complete: a client that sends nothing meets the
// deadline of its protocol. Returns the error to end the request with if its content has come too
// slowly. A call of gRPC may be silent while its caller has nothing to say, and an application that
// responds to an incomplete request knows what it waits for.
std::optional<ProxyError> Exchange::RequestRateFault() {
  if (state_ != State::kSending || request_paused_) return std::nullopt;
  const int64_t now_ms = worker_.loop.now_ms();
  if (now_ms < rate_due_ms_) return std::nullopt;
  const bool begins = rate_due_ms_ == 0;
  const uint64_t bytes = record_.request_bytes - std::exchange(rate_bytes_, record_.request_bytes);
  rate_due_ms_ = now_ms + listener_->config.timeouts.body.count();
  if (begins || head_->grpc) return std::nullopt;
  return SendingFault(listener_->config, bytes, response_.sharers());
}

void Exchange::PauseRequest(bool paused) {
  request_paused_ = paused;
  rate_due_ms_ = 0;
  response_.PauseRequest(paused);
  if (upstream_) ArmTimer();
}

void Exchange::OnRequestDrained() {
  if (request_paused_) PauseRequest(false);
}

void Exchange::OnConnection(upstream::Lease lease) {
  StartSending(std::move(lease));
  FlushRequest();
}

void Exchange::OnNoConnection(ProxyError error) {
  state_ = State::kSending;  // no longer in the queue
  if (error.reason == ErrorReason::kConnectTimeout || error.reason == ErrorReason::kTimeoutQueue) {
    RecordTimeout(error);
  }
  Fail(std::move(error));
}

// ---- the response

void Exchange::OnInterimResponse(const http::ResponseHead& head) {
  interim_forwarded_ = true;
  DropHeldContent();
  response_.WriteInterim(head);
}

void Exchange::OnResponseHead(const http::ResponseHead& head) {
  state_ = State::kResponding;
  DropHeldContent();
  response_head_ = &head;
  record_.status = head.status;
  record_.ResponseBegins(*listener_, *head_);
  trailers_.Clear();
  if (head_->grpc) ReadGrpcStatus(head.headers);
  response_.WriteHead(head);
  response_started_ = event_stream_unknown_ = true;
}

void Exchange::OnResponseBody(std::string_view piece) {
  record_.response_bytes += piece.size();
  response_.WriteBody(piece);
}

// gRPC has its status in the trailers, or in the head of a response that has no content.
void Exchange::ReadGrpcStatus(const http::HeaderList& fields) {
  const std::optional<std::string_view> text = fields.Find(http::HeaderId::kGrpcStatus);
  if (!text) return;
  if (const std::optional<int> status = http::ParseGrpcStatus(*text)) {
    record_.grpc_status = *status;
  }
}

void Exchange::OnResponseTrailers(const http::HeaderList& trailers) {
  if (head_->grpc) ReadGrpcStatus(trailers);
  http::ForwardResponseTrailers(trailers, trailers_);
}

void Exchange::OnResponseFlush() {
  // Determined once, and only for a response that takes more than one read.
  if (std::exchange(event_stream_unknown_, false)) {
    paced_by_reader_ = IsPacedByReader(*response_head_);
    event_stream_ = head_->grpc || paced_by_reader_;
  }
  response_.Flush();
  if (!response_paused_ && response_.buffered() > response_.buffer_limit()) {
    response_paused_ = true;
    upstream_->PauseResponse(true);
  }
  ArmTimer();
}

void Exchange::OnResponseDrained() {
  if (!response_paused_) return;
  response_paused_ = false;
  if (upstream_) upstream_->PauseResponse(false);
  ArmTimer();
}

void Exchange::OnResponseEnd() {
  if (record_.status == 101) {
    response_.Flush();
    if (request_complete_) {
      SwitchProtocols();
      return;
    }
    // RFC 9110 section 7.8: the client switches protocols after the end of its request, so the rest
    // of the request is still HTTP. Bytes from the upstream wait for the tunnel meanwhile.
    switching_ = true;
    upstream_->PauseResponse(true);
    return;
  }
  response_.WriteEnd(trailers_);
  response_.Flush();
  upstream_.Release();
  End(ExchangeEnd::kComplete);
}

void Exchange::SwitchProtocols() {
  upgraded_.upstream = upstream_->TakeUpgraded();
  upgraded_.lease = std::move(upstream_);
  End(ExchangeEnd::kUpgraded);
}

// ---- errors and retries

// Returns whether the request may be sent again: its method is idempotent (RFC 9110 section 9.2.2),
// and it has no content, because content is not kept.
bool Exchange::IsRepeatable() const {
  return http::IsIdempotent(head_->method) && !head_->framing.has_body();
}

upstream::Pool::Request Exchange::Repeatability() const {
  return IsRepeatable() ? upstream::Pool::Request::kRepeatable : upstream::Pool::Request::kOnce;
}

bool Exchange::MayRetry(const ProxyError& error) const {
  if (!upstream_ || interim_forwarded_ || upstream_->response_begun()) return false;
  switch (error.retry()) {
    case base::RetrySafety::kNever:
      return false;
    case base::RetrySafety::kIfIdempotent:
      // RFC 9112 section 9.3.1 and RFC 9110 section 9.2.2: an idle connection that ended without a
      // byte was most likely closed by the upstream's idle timeout.
      return retries_ == 0 && upstream_->reused() && IsRepeatable();
    case base::RetrySafety::kAlways:
      return retries_ < kMostRefusals && holds_content_;
  }
  return false;
}

void Exchange::OnUpstreamError(ProxyError error) {
  bool retry = MayRetry(error);
  if (retry && !pool().TryRetry()) {
    retry = false;
    listener_->upstream_metrics->RetryOverBudget();
    error.detail += "; not sent again, because too many of the last requests were";
  }
  if (!retry) {
    listener_->upstream_metrics->Failed(error.reason);
    Fail(std::move(error));
    return;
  }
  ++retries_;
  listener_->upstream_metrics->Retried();
  upstream_.Release();
  // Another idle connection may be stale as well, so the retry waits for a new one.
  if (!pool().Wait(this, upstream::Pool::Request::kRepeatable, /*another=*/true)) {
    Fail(QueueFull());
    return;
  }
  state_ = State::kWaiting;
  ArmTimer();  // the pool's deadlines run
  FlushRequest();
}

void Exchange::Cancel(ProxyError error) {
  if (!active()) return;
  if (error.reason == ErrorReason::kRequestTimeout) RecordTimeout(error);
  record_.error = std::move(error);
  End(ExchangeEnd::kReset);
}

void Exchange::Fail(ProxyError error) {
  if (error.reason == ErrorReason::kRequestTimeout || error.reason == ErrorReason::kTimeoutTunnel) {
    RecordTimeout(error);
  }
  if (state_ == State::kWaiting) pool().CancelWait(this);
  if (error.reason == ErrorReason::kPoolExhausted) {
    listener_->upstream_metrics->Failed(error.reason);
  }
  upstream_.Release();
  record_.error = std::move(error);
  if (response_started_ || record_.error->status() == 0) {
    End(ExchangeEnd::kReset);
    return;
  }
  record_.status = record_.error->status();
  const http::LocalReply reply =
      response_.WriteLocalReply(record_.status, record_.error->ClientText());
  record_.status = reply.status;
  record_.grpc_status = reply.grpc_status;
  record_.response_bytes += reply.bytes;
  response_.Flush();
  End(ExchangeEnd::kComplete);
}

void Exchange::RefuseUnparsed(const std::shared_ptr<const ListenerState>& listener,
                              const http::RequestHead& head,
                              const std::shared_ptr<const ClientFacts>& client, ProxyError error) {
  Reset(listener, head, client);
  state_ = State::kRefused;
  Fail(std::move(error));
}

// ---- deadlines

Exchange::Awaited Exchange::AwaitedNow() const {
  if (state_ != State::kSending && state_ != State::kResponding) return Awaited::kNothing;
  if (response_paused_) return Awaited::kRoomClient;
  if (request_paused_) return Awaited::kRoomUpstream;
  // The client has to send. An upstream that has answered early may wait for the rest of the
  // request for as long as that takes.
  if (!request_complete_) return Awaited::kNothing;
  if (state_ == State::kSending) return Awaited::kResponseHead;
  return event_stream_ ? Awaited::kEvent : Awaited::kResponseBody;
}

// Returns how many written bytes are not yet taken by the side whose room is awaited.
size_t Exchange::UntakenNow() const {
  if (awaited_ == Awaited::kRoomClient) return response_.untaken();
  return awaited_ == Awaited::kRoomUpstream ? upstream_->untaken() : 0;
}

// Starts the deadline of what the exchange waits for again, because something has moved. The
// deadline of the response head is not restarted: bytes of the head or interim responses must not
// postpone it.
void Exchange::ArmTimer() {
  const Awaited now = AwaitedNow();
  if (now == Awaited::kResponseHead && awaited_ == now && timer_.armed()) return;
  awaited_ = now;
  progress_.Begin(UntakenNow());
  const config::UpstreamTimeouts& upstream = pool().target().config.timeouts;
  switch (now) {
    case Awaited::kNothing:
      worker_.loop.timers().Cancel(timer_);
      return;
    case Awaited::kResponseHead:
      worker_.loop.ArmIn(timer_, upstream.response_head.count());
      return;
    case Awaited::kResponseBody:
      worker_.loop.ArmIn(timer_, upstream.body.count());
      return;
    case Awaited::kEvent:
      worker_.loop.ArmIn(timer_, upstream.event_stream.count());
      return;
    case Awaited::kRoomUpstream:
      worker_.loop.ArmIn(timer_, upstream.write.count());
      return;
    case Awaited::kRoomClient:
      worker_.loop.ArmIn(timer_, listener_->config.timeouts.write.count());
      return;
  }
}

ProxyError Exchange::TimeoutError() const {
  switch (awaited_) {
    case Awaited::kNothing:
      break;
    case Awaited::kResponseHead:
      return ProxyError(ErrorReason::kTimeoutHead,
                        "no complete response head within upstreams[].timeouts.response_head");
    case Awaited::kResponseBody:
      return ProxyError(ErrorReason::kTimeoutBody,
                        "no byte of the response body within upstreams[].timeouts.body");
    case Awaited::kEvent:
      return ProxyError(ErrorReason::kTimeoutBody,
                        "no event within upstreams[].timeouts.event_stream");
    case Awaited::kRoomUpstream:
      return ProxyError(
          ErrorReason::kTimeoutWrite,
          "the upstream read no byte of the request within upstreams[].timeouts.write");
    case Awaited::kRoomClient:
      return ProxyError(
          ErrorReason::kClientWriteTimeout,
          "the client read no byte of the response within listeners[].timeouts.write");
  }
  return ProxyError(ErrorReason::kInternal, "an unknown deadline");
}

// Returns why the exchange ends now that its deadline has passed; nullopt if the peer is slow, but
// fast enough.
std::optional<ProxyError> Exchange::TimeoutFault() {
  const size_t untaken = UntakenNow();
  if (!progress_.MadeUntil(untaken)) return TimeoutError();
  if (awaited_ != Awaited::kRoomClient || paced_by_reader_ || response_.awaits_connection()) {
    return std::nullopt;
  }
  return ReadingFault(listener_->config, response_.TakenBetween(progress_.untaken(), untaken),
                      response_.sharers());
}

void Exchange::OnTimeout() {
  if (awaited_ == Awaited::kNothing) return;
  std::optional<ProxyError> error = TimeoutFault();
  if (!error) {
    ArmTimer();
    return;
  }
  listener_->upstream_metrics->Failed(error->reason);
  RecordTimeout(*error);
  Fail(*std::move(error));
}

void Exchange::RecordTimeout(const ProxyError& error) {
  session::RecordTimeout(worker_, *listener_, client_->peer_address, head_, error);
}

// ---- the end

void Exchange::End(ExchangeEnd end) {
  if (state_ == State::kWaiting) pool().CancelWait(this);
  upstream_.Release();
  DropHeldContent();
  worker_.loop.timers().Cancel(timer_);
  if (end != ExchangeEnd::kUpgraded) record_.Write(*listener_, *head_, *client_);
  state_ = State::kIdle;
  if (std::exchange(request_paused_, false)) response_.PauseRequest(false);
  handler_.OnExchangeEnd(end);
}

Exchange::Upgraded Exchange::TakeUpgraded() { return std::exchange(upgraded_, {}); }

std::optional<ProxyError> Exchange::RecheckTunnel(const ListenerState& listener) {
  RequestGate::Verdict verdict = gate_.Recheck(listener, *client_, *head_);
  RecordRefusal(listener, verdict);
  // The record keeps the rule that let the request begin.
  if (verdict.refusal) record_.error = verdict.refusal;
  return std::move(verdict.refusal);
}

void Exchange::SetTunnelError(ProxyError error) {
  if (!record_.error) record_.error = std::move(error);
}

void Exchange::TunnelTimedOut() {
  record_.error = ProxyError(ErrorReason::kTimeoutTunnel,
                             "no byte in either direction within listeners[].timeouts.tunnel");
  RecordTimeout(*record_.error);
}

void Exchange::FinishTunnel(uint64_t from_client, uint64_t from_upstream) {
  // The bytes of the tunnel are added to the content of its request.
  record_.request_bytes += from_client;
  record_.response_bytes += from_upstream;
  record_.Write(*listener_, *head_, *client_);
}

}  // namespace mantlet::session
