#include "proxy/session/exchange.h"

#include <utility>

#include "absl/strings/match.h"
#include "proxy/http1/serializer.h"
#include "proxy/session/back_pressure.h"
#include "proxy/session/denial_record.h"
#include "proxy/session/timeout_record.h"

namespace mantlet::session {

using base::ErrorReason;
using base::ProxyError;
using http::Framing;

namespace {

// A body piece, framed as its message says.
void WriteBody(io::ByteStream& to, std::string_view piece, bool chunked) {
  if (!chunked) {
    to.Write(piece);
    return;
  }
  std::string header;  // "ffffffffffffffff\r\n" at most: never allocates
  http1::AppendChunkHeader(header, piece.size());
  to.Write(header);
  to.Write(piece);
  to.Write(http1::kChunkEnd);
}

ProxyError QueueFull() {
  return ProxyError(ErrorReason::kPoolExhausted,
                    "as many requests as upstreams[].pool.pending allows wait already");
}

// Whether the media type is text/event-stream, whatever its parameters (WHATWG HTML, 9.2).
bool IsEventStream(const http::ResponseHead& head) {
  std::string_view type = head.headers.Find("content-type").value_or("");
  type = type.substr(0, type.find(';'));
  while (!type.empty() && (type.back() == ' ' || type.back() == '\t')) type.remove_suffix(1);
  return absl::EqualsIgnoreCase({type.data(), type.size()}, "text/event-stream");
}

}  // namespace

Exchange::Exchange(WorkerContext& worker, ExchangeHost& host)
    : worker_(worker), host_(host), timer_([this] { OnTimeout(); }), record_(worker) {}

Exchange::~Exchange() {
  if (state_ == State::kWaiting) pool_->CancelWait(this);
  ReleaseUpstream(false);
}

void Exchange::Reset(const std::shared_ptr<const ListenerState>& listener,
                     const http::RequestHead& head, const ClientFacts& client) {
  // An assignment of the same pointer would cost two atomic operations.
  if (listener_ != listener) listener_ = listener;
  head_ = &head;
  client_ = &client;
  request_complete_ = request_paused_ = retried_ = response_paused_ = false;
  response_started_ = interim_forwarded_ = event_stream_ = switching_ = false;
  early_body_.clear();
  trailers_.clear();
  record_.Reset();
}

std::optional<ProxyError> Exchange::Begin(const std::shared_ptr<const ListenerState>& listener,
                                          const http::RequestHead& head,
                                          const ClientFacts& client) {
  Reset(listener, head, client);
  state_ = State::kRefused;
  RequestGate::Verdict verdict = gate_.Check(*listener_, client, head);
  record_.rule = verdict.rule;
  if (verdict.refusal) {
    RecordRefusal(*listener_, verdict);
    return std::move(verdict.refusal);
  }
  if (!head.upgrade_ignored.empty()) {
    RecordIgnoredUpgrade(worker_, listener_->config.name, client_->peer_address, head);
  }
  if (pool_ != listener_->pool) pool_ = listener_->pool;
  const auto kind =
      IsRepeatable() ? upstream::Pool::Request::kRepeatable : upstream::Pool::Request::kOnce;
  if (auto connection = pool_->TakeIdle(kind)) {
    StartSending(std::move(connection));
    return std::nullopt;
  }
  if (!pool_->Wait(this, kind)) return QueueFull();
  state_ = State::kWaiting;
  return std::nullopt;
}

void Exchange::RecordRefusal(const ListenerState& listener, const RequestGate::Verdict& verdict) {
  if (!verdict.denied_by) return;
  listener.denials[*verdict.denied_by]->Add();
  RecordDenial(worker_, listener.config.name, client_->peer_address, verdict.rule, *head_,
               client_->peer);
}

std::optional<ProxyError> Exchange::JudgeTunnel(const ListenerState& listener) {
  RequestGate::Verdict verdict = gate_.Recheck(listener, *client_, *head_);
  RecordRefusal(listener, verdict);
  // The record keeps the rule that let the request begin.
  if (verdict.refusal) record_.error = verdict.refusal;
  return std::move(verdict.refusal);
}

void Exchange::StartSending(std::unique_ptr<upstream::Connection> connection) {
  state_ = State::kSending;
  upstream_ = std::move(connection);
  upstream_->Begin(this, head_->method, head_->wants_upgrade());
  SendRequestHead();
  if (!early_body_.empty()) {
    upstream_->stream().Write(early_body_);
    early_body_.clear();
  }
  ArmTimer();
}

void Exchange::SendRequestHead() {
  http::RequestForwarding how{.strip = listener_->strip,
                              .identity = client_->identity,
                              .client_address = client_->client_address,
                              .default_host = pool_->target().address_text,
                              .tunnel_upgrade = head_->wants_upgrade()};
  how.replace_forwarded_for =
      listener_->config.identity_headers.forwarded_for == config::ForwardedFor::kReplace;
  how.target = gate_.target();
  WriteText(upstream_->stream(),
            [&](std::string& text) { http::ForwardRequestHead(*head_, how, text); });
  record_.RequestSent();
}

void Exchange::OnRequestBody(std::string_view piece) {
  record_.request_bytes += piece.size();
  const bool chunked = head_->framing.kind == Framing::Kind::kChunked;
  if (state_ == State::kWaiting) {
    if (chunked) {
      http1::AppendChunk(early_body_, piece);
    } else {
      early_body_.append(piece);
    }
    return;
  }
  if (upstream_ == nullptr) return;
  WriteBody(upstream_->stream(), piece, chunked);
}

void Exchange::OnRequestTrailers(const http::HeaderList& trailers) {
  if (state_ == State::kRefused) return;
  http::ForwardRequestTrailers(trailers, listener_->strip, trailers_);
}

void Exchange::OnRequestEnd() {
  request_complete_ = true;
  if (head_->framing.kind == Framing::Kind::kChunked) {
    if (state_ == State::kWaiting) {
      http1::AppendLastChunk(early_body_, trailers_);
    } else if (upstream_ != nullptr) {
      std::string last;
      http1::AppendLastChunk(last, trailers_);
      upstream_->stream().Write(last);
    }
  }
  trailers_.clear();
  if (upstream_ != nullptr) ArmTimer();
}

void Exchange::FlushRequest() {
  if (upstream_ != nullptr) upstream_->stream().Flush();
  if (switching_ && request_complete_) {
    SwitchProtocols();
    return;
  }
  const bool full = upstream_ != nullptr ? OverHighWater(upstream_->stream())
                                         : state_ == State::kWaiting && !early_body_.empty();
  if (full == request_paused_ || request_complete_) return;
  request_paused_ = full;
  host_.SetRequestPaused(full);
  if (upstream_ != nullptr) ArmTimer();
}

void Exchange::OnUpstreamDrained() {
  if (!request_paused_) return;
  request_paused_ = false;
  host_.SetRequestPaused(false);
  if (upstream_ != nullptr) ArmTimer();
}

void Exchange::OnConnection(std::unique_ptr<upstream::Connection> connection) {
  StartSending(std::move(connection));
  FlushRequest();
}

void Exchange::OnNoConnection(ProxyError error) {
  state_ = State::kSending;  // no longer in the queue
  if (error.reason == ErrorReason::kConnectTimeout || error.reason == ErrorReason::kTimeoutQueue) {
    RecordTimeout(worker_, *listener_, client_->peer_address, *head_, error);
  }
  Fail(std::move(error));
}

void Exchange::OnInterimResponse(const http::ResponseHead& head) {
  interim_forwarded_ = true;
  WriteText(host_.downstream(),
            [&](std::string& text) { http::ForwardInterimResponse(head, head_->version, text); });
}

void Exchange::OnResponseHead(const http::ResponseHead& head) {
  state_ = State::kResponding;
  record_.status = head.status;
  record_.ResponseBegins();
  WriteText(host_.downstream(), [&](std::string& text) {
    forwarded_ =
        http::ForwardResponseHead(head, {head_->version, head_->method, MayKeepAlive()}, text);
  });
  response_started_ = judge_silence_ = true;
}

// An answer that comes before the request is complete cannot be followed by
// another request: where the next one would begin is not known yet.
bool Exchange::MayKeepAlive() const {
  return head_->keep_alive && request_complete_ && !worker_.draining && !last_;
}

void Exchange::OnResponseBody(std::string_view piece) {
  record_.response_bytes += piece.size();
  WriteBody(host_.downstream(), piece, forwarded_.framing.kind == Framing::Kind::kChunked);
}

void Exchange::OnResponseTrailers(const http::HeaderList& trailers) {
  http::ForwardResponseTrailers(trailers, trailers_);
}

void Exchange::OnResponsePause() {
  // Asked once, and only of a response that takes more than one read.
  if (std::exchange(judge_silence_, false))
    event_stream_ = IsEventStream(upstream_->response_head());
  io::ByteStream& downstream = host_.downstream();
  downstream.Flush();
  if (!response_paused_ && OverHighWater(downstream)) {
    response_paused_ = true;
    upstream_->stream().SetReading(false);
  }
  ArmTimer();
}

void Exchange::OnDownstreamDrained() {
  if (!response_paused_) return;
  response_paused_ = false;
  if (upstream_ != nullptr) upstream_->stream().SetReading(true);
  ArmTimer();
}

void Exchange::OnResponseEnd(std::string_view rest) {
  io::ByteStream& downstream = host_.downstream();
  if (record_.status == 101) {
    downstream.Flush();
    tunnel_bytes_.assign(rest);
    if (request_complete_) {
      SwitchProtocols();
      return;
    }
    // RFC 9110 section 7.8: the client changes protocols behind its request, so the rest of
    // that is HTTP still. What the upstream says meanwhile waits for the tunnel.
    switching_ = true;
    upstream_->stream().SetReading(false);
    return;
  }
  if (forwarded_.framing.kind == Framing::Kind::kChunked) {
    std::string last;
    http1::AppendLastChunk(last, trailers_);
    downstream.Write(last);
  }
  downstream.Flush();
  // An upstream that has answered early need not take the rest of the content: what another
  // request would follow.
  ReleaseUpstream(request_complete_ && upstream_->stream().buffered() == 0);
  EndAnswered(forwarded_.keep_alive);
}

void Exchange::SwitchProtocols() {
  tunnel_ = upstream_->TakeStream();
  worker_.loop.Retire(std::move(upstream_));
  End(ExchangeEnd::kTunnel);
}

// The answer is complete; `keep_alive` is what its head said.
void Exchange::EndAnswered(bool keep_alive) {
  if (keep_alive) {
    End(ExchangeEnd::kKeepAlive);
  } else {
    End(request_complete_ ? ExchangeEnd::kClose : ExchangeEnd::kLinger);
  }
}

// RFC 9110 section 9.2.2; and of a body nothing is kept.
bool Exchange::IsRepeatable() const {
  return http::IsIdempotent(head_->method) && !head_->framing.has_body();
}

bool Exchange::MayRetry(const ProxyError& error) const {
  // RFC 9112 section 9.3.1 and RFC 9110 section 9.2.2: a connection that had been
  // idle and died without a word most likely met the upstream's idle timeout.
  return error.retry() == base::RetrySafety::kIfIdempotent && !retried_ && !interim_forwarded_ &&
         upstream_ != nullptr && upstream_->reused() && !upstream_->response_begun() &&
         IsRepeatable();
}

void Exchange::OnUpstreamError(ProxyError error) {
  if (!MayRetry(error)) {
    listener_->upstream_metrics->Failed(error.reason);
    Fail(std::move(error));
    return;
  }
  retried_ = true;
  listener_->upstream_metrics->Retried();
  ReleaseUpstream(false);
  // Another idle connection may be as stale: wait for a new one.
  if (!pool_->Wait(this, upstream::Pool::Request::kRepeatable)) {
    Fail(QueueFull());
    return;
  }
  state_ = State::kWaiting;
  ArmTimer();  // the pool's deadlines run
}

void Exchange::Refuse(ProxyError error) { Fail(std::move(error)); }

void Exchange::Abandon(ProxyError error) {
  if (!active()) return;
  record_.error = std::move(error);
  End(ExchangeEnd::kAbort);
}

void Exchange::Fail(ProxyError error) {
  if (error.reason == ErrorReason::kRequestTimeout) {
    RecordTimeout(worker_, *listener_, client_->peer_address, *head_, error);
  }
  if (state_ == State::kWaiting) pool_->CancelWait(this);
  if (error.reason == ErrorReason::kPoolExhausted) {
    listener_->upstream_metrics->Failed(error.reason);
  }
  ReleaseUpstream(false);
  record_.error = std::move(error);
  if (response_started_ || record_.error->status() == 0) {
    End(ExchangeEnd::kAbort);
    return;
  }
  Answer(*record_.error);
}

void Exchange::Answer(const ProxyError& error) {
  record_.status = error.status();
  http1::ErrorResponse response;
  response.status = record_.status;
  const std::string reason = error.ClientText();
  response.reason = reason;
  response.keep_alive = MayKeepAlive();
  response.client_version = head_->version;
  response.head_request = head_->method == http::Method::kHead;
  WriteText(host_.downstream(), [&](std::string& text) {
    record_.response_bytes += http1::AppendErrorResponse(text, response);
  });
  host_.downstream().Flush();
  EndAnswered(response.keep_alive);
}

void Exchange::RefuseUnparsed(const std::shared_ptr<const ListenerState>& listener,
                              const http::RequestHead& head, const ClientFacts& client,
                              ProxyError error) {
  Reset(listener, head, client);
  state_ = State::kRefused;
  Fail(std::move(error));
}

void Exchange::ReleaseUpstream(bool reusable) {
  if (upstream_ == nullptr) return;
  upstream_->Detach();
  if (response_paused_) upstream_->stream().SetReading(true);
  pool_->Return(std::move(upstream_), reusable);
}

Exchange::Awaited Exchange::AwaitedNow() const {
  if (state_ != State::kSending && state_ != State::kResponding) return Awaited::kNothing;
  if (response_paused_) return Awaited::kRoomClient;
  if (request_paused_) return Awaited::kRoomUpstream;
  // The client's turn; an upstream that answers early may wait for the rest of the request
  // for as long as that takes.
  if (!request_complete_) return Awaited::kNothing;
  if (state_ == State::kSending) return Awaited::kResponseHead;
  return event_stream_ ? Awaited::kEvent : Awaited::kResponseBody;
}

// What the side whose room is awaited has not taken of what was written to it.
size_t Exchange::UntakenNow() const {
  if (awaited_ == Awaited::kRoomClient) return host_.downstream().untaken();
  return awaited_ == Awaited::kRoomUpstream ? upstream_->stream().untaken() : 0;
}

// Something has moved: whose turn it is by now has all of its time. But for the response's
// head: bytes of it, or interim responses, must not put its deadline off.
void Exchange::ArmTimer() {
  const Awaited now = AwaitedNow();
  if (now == Awaited::kResponseHead && awaited_ == now && timer_.armed()) return;
  awaited_ = now;
  untaken_ = UntakenNow();
  const config::UpstreamTimeouts& upstream = pool_->target().config.timeouts;
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

void Exchange::OnTimeout() {
  if (UntakenNow() < untaken_) {
    // Slow, and all the same on its way.
    ArmTimer();
    return;
  }
  ProxyError error;
  switch (awaited_) {
    case Awaited::kNothing:
      return;
    case Awaited::kResponseHead:
      error = ProxyError(ErrorReason::kTimeoutHead,
                         "no complete response head within upstreams[].timeouts.response_head");
      break;
    case Awaited::kResponseBody:
      error = ProxyError(ErrorReason::kTimeoutBody,
                         "nothing of the response's body within upstreams[].timeouts.body");
      break;
    case Awaited::kEvent:
      error = ProxyError(ErrorReason::kTimeoutBody,
                         "no event within upstreams[].timeouts.event_stream");
      break;
    case Awaited::kRoomUpstream:
      error =
          ProxyError(ErrorReason::kTimeoutWrite,
                     "the upstream took nothing of the request within upstreams[].timeouts.write");
      break;
    case Awaited::kRoomClient:
      error =
          ProxyError(ErrorReason::kClientWriteTimeout,
                     "the client took nothing of the response within listeners[].timeouts.write");
      break;
  }
  listener_->upstream_metrics->Failed(error.reason);
  RecordTimeout(worker_, *listener_, client_->peer_address, *head_, error);
  Fail(std::move(error));
}

void Exchange::End(ExchangeEnd end) {
  if (state_ == State::kWaiting) pool_->CancelWait(this);
  ReleaseUpstream(false);
  worker_.loop.timers().Cancel(timer_);
  if (end != ExchangeEnd::kTunnel) record_.Write(*listener_, *head_, *client_);
  state_ = State::kIdle;
  if (request_paused_) {
    request_paused_ = false;
    host_.SetRequestPaused(false);
  }
  host_.OnExchangeEnd(end);
}

void Exchange::TunnelTimedOut() {
  record_.error = ProxyError(ErrorReason::kTimeoutTunnel,
                             "nothing in either direction within listeners[].timeouts.tunnel");
  RecordTimeout(worker_, *listener_, client_->peer_address, *head_, *record_.error);
}

void Exchange::TunnelEnded(uint64_t from_client, uint64_t from_upstream) {
  // Beside the content of the request that it began with.
  record_.request_bytes += from_client;
  record_.response_bytes += from_upstream;
  record_.Write(*listener_, *head_, *client_);
}

}  // namespace mantlet::session
