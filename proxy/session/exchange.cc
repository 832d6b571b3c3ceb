#include "proxy/session/exchange.h"

#include <utility>

#include "absl/strings/ascii.h"
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

// In lower case, without port and trailing dot.
std::string HostName(std::string_view authority) {
  const size_t end = authority.starts_with('[') ? authority.find(']') + 1 : authority.rfind(':');
  std::string host = absl::AsciiStrToLower(std::string(authority.substr(0, end)));
  if (host.ends_with('.')) host.pop_back();
  return host;
}

// Whether a request is for another host than the handshake has named. A client that
// connects to an address names none (RFC 6066 section 3).
bool IsAnotherHost(std::string_view authority, std::string_view server_name) {
  const std::string host = HostName(authority);
  if (!server_name.empty()) return host != server_name;
  return !host.starts_with('[') && host.find_first_not_of("0123456789.") != std::string::npos;
}

}  // namespace

Exchange::Exchange(WorkerContext& worker, ExchangeHost& host)
    : worker_(worker), host_(host), timer_([this] { OnTimeout(); }) {}

Exchange::~Exchange() {
  if (state_ == State::kWaiting) pool_->CancelWait(this);
  ReleaseUpstream(false);
}

void Exchange::Reset(const std::shared_ptr<const ListenerState>& listener,
                     const http::RequestHead& head, const ConnectionFacts& facts) {
  if (listener_ != listener) listener_ = listener;
  head_ = &head;
  facts_ = &facts;
  request_complete_ = request_paused_ = retried_ = response_paused_ = reached_upstream_ = false;
  response_started_ = interim_forwarded_ = path_normal_ = event_stream_ = switching_ = false;
  rule_ = {};
  error_.reset();
  early_body_.clear();
  trailers_.clear();
  status_ = 0;
  sent_us_ = 0;
  upstream_us_ = -1;
  request_bytes_ = response_bytes_ = 0;
}

void Exchange::RequestBegins() {
  if (worker_.access_log.enabled()) began_wall_ms_ = worker_.clock.WallMs();
  began_us_ = worker_.clock.MonotonicUs();
}

std::optional<ProxyError> Exchange::Begin(const std::shared_ptr<const ListenerState>& listener,
                                          const http::RequestHead& head,
                                          const ConnectionFacts& facts,
                                          const ShownCertificate& shown) {
  Reset(listener, head, facts);
  state_ = State::kRefused;
  if (auto error = CheckMisdirected(shown)) return error;
  if (auto error = AskPolicy(*listener_)) return error;
  if (!head.upgrade_ignored.empty()) {
    RecordIgnoredUpgrade(worker_, listener_->config.name, facts_->peer_address, head);
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

// Nothing of a request goes anywhere before this has let it pass. What the rules
// see of its path is what the upstream will be asked for.
std::optional<ProxyError> Exchange::AskPolicy(const ListenerState& listener) {
  const policy::Policy& policy = *listener.policy;
  client_.Refresh(listener.policy, facts_->peer);
  if (policy.asks_for_path() && !path_normal_) {
    if (path_ == nullptr) path_ = std::make_unique<http::RequestPath>();
    if (const auto refused = path_->Normalize(head_->target)) {
      return ProxyError::OfRequest(ErrorReason::kBadRequest, *refused);
    }
    path_normal_ = true;
  }
  const std::string_view path = path_normal_ ? std::string_view(path_->decoded()) : "";
  const policy::Decision decision = policy.Decide({client_, head_->method_text, path});
  if (policy.rule_count() > 0 || !decision.permit) rule_ = policy.rule_name(decision.rule);
  if (decision.permit) return std::nullopt;
  listener.denials[decision.rule]->Add();
  RecordDenial(worker_, listener.config.name, facts_->peer_address, rule_, *head_, facts_->peer);
  return ProxyError(ErrorReason::kPolicyDenied);
}

std::optional<ProxyError> Exchange::JudgeTunnel(const ListenerState& listener) {
  const std::string_view began_by = rule_;
  std::optional<ProxyError> refusal = AskPolicy(listener);
  // The record names what let the request begin, a rule of the state that it keeps.
  rule_ = began_by;
  if (refusal) error_ = refusal;
  return refusal;
}

// RFC 9110 section 15.5.20. Under client authentication a connection speaks for
// the server name its certificate was chosen by; a request for a host that has
// another certificate might have met other rules (see also nginx's check).
std::optional<ProxyError> Exchange::CheckMisdirected(const ShownCertificate& shown) const {
  // Rules about the server name would be worth nothing if a request could be for
  // another one.
  const bool sni_decides = listener_->policy != nullptr && listener_->policy->asks_for_sni() &&
                           facts_->peer != nullptr && !head_->authority.empty();
  if (sni_decides && IsAnotherHost(head_->authority, facts_->peer->tls.sni)) {
    return ProxyError(ErrorReason::kMisdirected,
                      "the Host is not the server name of the handshake, which rules ask for");
  }
  // What this connection began with decides, not what a reload has brought since.
  if (shown.context == nullptr) return std::nullopt;
  const tls::ServerContext& began_with = *shown.context;
  if (began_with.options().client_auth == config::ClientAuthMode::kNone ||
      began_with.options().credentials.size() < 2 || head_->authority.empty()) {
    return std::nullopt;
  }
  const std::string host = HostName(head_->authority);
  if (began_with.MayServe(shown.index, host, shown.verifiable)) return std::nullopt;
  return ProxyError(
      ErrorReason::kMisdirected,
      "the Host belongs to another certificate than the one this connection began with");
}

void Exchange::StartSending(std::unique_ptr<upstream::Connection> connection) {
  state_ = State::kSending;
  upstream_ = std::move(connection);
  reached_upstream_ = true;
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
                              .identity = facts_->identity,
                              .client_address = facts_->client_address,
                              .default_host = pool_->target().address_text,
                              .tunnel_upgrade = head_->wants_upgrade()};
  how.replace_forwarded_for =
      listener_->config.identity_headers.forwarded_for == config::ForwardedFor::kReplace;
  if (path_normal_) how.target = path_->target();
  WriteText(upstream_->stream(),
            [&](std::string& text) { http::ForwardRequestHead(*head_, how, text); });
  // The clock is asked only for those who are told.
  if (worker_.access_log.enabled()) sent_us_ = worker_.clock.MonotonicUs();
}

void Exchange::OnRequestBody(std::string_view piece) {
  request_bytes_ += piece.size();
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
    RecordTimeout(worker_, *listener_, facts_->peer_address, *head_, error);
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
  status_ = head.status;
  if (worker_.access_log.enabled()) upstream_us_ = worker_.clock.MonotonicUs() - sent_us_;
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
  response_bytes_ += piece.size();
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
  if (status_ == 101) {
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
  error_ = std::move(error);
  End(ExchangeEnd::kAbort);
}

void Exchange::Fail(ProxyError error) {
  if (error.reason == ErrorReason::kRequestTimeout) {
    RecordTimeout(worker_, *listener_, facts_->peer_address, *head_, error);
  }
  if (state_ == State::kWaiting) pool_->CancelWait(this);
  if (error.reason == ErrorReason::kPoolExhausted) {
    listener_->upstream_metrics->Failed(error.reason);
  }
  ReleaseUpstream(false);
  error_ = std::move(error);
  if (response_started_ || error_->status() == 0) {
    End(ExchangeEnd::kAbort);
    return;
  }
  Answer(*error_);
}

void Exchange::Answer(const ProxyError& error) {
  status_ = error.status();
  http1::ErrorResponse response;
  response.status = status_;
  const std::string reason = error.ClientText();
  response.reason = reason;
  response.keep_alive = MayKeepAlive();
  response.client_version = head_->version;
  response.head_request = head_->method == http::Method::kHead;
  WriteText(host_.downstream(), [&](std::string& text) {
    response_bytes_ += http1::AppendErrorResponse(text, response);
  });
  host_.downstream().Flush();
  EndAnswered(response.keep_alive);
}

void Exchange::RefuseUnparsed(const std::shared_ptr<const ListenerState>& listener,
                              const http::RequestHead& head, const ConnectionFacts& facts,
                              ProxyError error) {
  Reset(listener, head, facts);
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
  RecordTimeout(worker_, *listener_, facts_->peer_address, *head_, error);
  Fail(std::move(error));
}

void Exchange::End(ExchangeEnd end) {
  if (state_ == State::kWaiting) pool_->CancelWait(this);
  ReleaseUpstream(false);
  worker_.loop.timers().Cancel(timer_);
  if (end != ExchangeEnd::kTunnel) Record();
  state_ = State::kIdle;
  if (request_paused_) {
    request_paused_ = false;
    host_.SetRequestPaused(false);
  }
  host_.OnExchangeEnd(end);
}

void Exchange::TunnelTimedOut() {
  error_ = ProxyError(ErrorReason::kTimeoutTunnel,
                      "nothing in either direction within listeners[].timeouts.tunnel");
  RecordTimeout(worker_, *listener_, facts_->peer_address, *head_, *error_);
}

void Exchange::TunnelEnded(uint64_t from_client, uint64_t from_upstream) {
  // Beside the content of the request that it began with.
  request_bytes_ += from_client;
  response_bytes_ += from_upstream;
  Record();
}

void Exchange::Record() {
  const int64_t duration_us = worker_.clock.MonotonicUs() - began_us_;
  listener_->requests->Record(head_->method_text, status_, duration_us, request_bytes_,
                              response_bytes_);
  if (!worker_.access_log.enabled()) return;
  observe::AccessRecord record;
  record.wall_ms = began_wall_ms_;
  record.method = head_->method_text;
  record.target = head_->target;
  record.protocol = http::VersionName(head_->version);
  record.status = status_;
  record.request_bytes = request_bytes_;
  record.response_bytes = response_bytes_;
  record.duration_us = duration_us;
  record.upstream = listener_->config.upstream;
  if (reached_upstream_) record.upstream_address = pool_->target().address_text;
  record.upstream_duration_us = upstream_us_;
  record.answered_by_upstream = upstream_us_ >= 0;
  record.rule = rule_;
  if (error_.has_value()) {
    record.error = error_->label();
    record.detail = error_->detail;
  }
  worker_.access_log.Append(facts_->access_log_part, record);
}

}  // namespace mantlet::session
