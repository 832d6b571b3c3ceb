#include "proxy/session/exchange_record.h"

#include <utility>

#include "proxy/http/trace_context.h"

namespace mantlet::session {
namespace {

std::optional<http::TraceId> TraceOf(const http::RequestHead& head) {
  const std::optional<std::string_view> field = head.headers.Find("traceparent");
  return field ? http::ParseSampledTrace(*field) : std::nullopt;
}

}  // namespace

void ExchangeRecord::RequestBegins() {
  if (worker_.access_log.enabled()) began_wall_ms_ = worker_.clock.WallMs();
  began_us_ = worker_.clock.MonotonicUs();
}

void ExchangeRecord::CountEnd() {
  if (active_ != nullptr) std::exchange(active_, nullptr)->Ended();
}

void ExchangeRecord::Reset(const ListenerState& listener) {
  CountEnd();
  active_ = listener.requests;
  active_->Began();
  status = 0;
  grpc_status = -1;
  rule = {};
  error.reset();
  request_bytes = response_bytes = 0;
  reached_upstream_ = false;
  sent_us_ = 0;
  upstream_us_ = -1;
}

void ExchangeRecord::RequestSent() {
  reached_upstream_ = true;
  sent_us_ = worker_.clock.MonotonicUs();
}

void ExchangeRecord::ResponseBegins(const ListenerState& listener, const http::RequestHead& head) {
  const int64_t now_us = worker_.clock.MonotonicUs();
  upstream_us_ = now_us - sent_us_;
  observe::UpstreamMetrics& metrics = *listener.upstream_metrics;
  metrics.head_duration().Trace(
      metrics.ResponseBegan(upstream_us_), upstream_us_, now_us, [&] { return TraceOf(head); },
      [&] { return worker_.clock.WallMs(); });
}

void ExchangeRecord::Write(const ListenerState& listener, const http::RequestHead& head,
                           const ClientFacts& client) {
  CountEnd();
  const int64_t now_us = worker_.clock.MonotonicUs();
  const int64_t duration_us = now_us - began_us_;
  const size_t cell = listener.requests->Record(head.method_text, status, duration_us,
                                                request_bytes, response_bytes);
  listener.requests->duration().Trace(
      cell, duration_us, now_us, [&] { return TraceOf(head); },
      [&] { return worker_.clock.WallMs(); });
  if (grpc_status >= 0) listener.requests->GrpcResponse(grpc_status);
  if (!worker_.access_log.enabled()) return;
  observe::AccessRecord record;
  record.wall_ms = began_wall_ms_;
  record.method = head.method_text;
  record.target = head.target;
  record.protocol = http::VersionName(head.version);
  record.status = status;
  record.grpc_status = grpc_status;
  record.request_bytes = request_bytes;
  record.response_bytes = response_bytes;
  record.duration_us = duration_us;
  record.upstream = listener.config.upstream;
  if (reached_upstream_) record.upstream_address = listener.pool->target().address_text;
  record.upstream_duration_us = upstream_us_;
  record.answered_by_upstream = upstream_us_ >= 0;
  record.rule = rule;
  if (error.has_value()) {
    record.error = error->label();
    record.detail = error->detail;
  }
  worker_.access_log.Append(client.access_log_part, record);
}

}  // namespace mantlet::session
