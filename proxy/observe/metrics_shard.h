// MetricsShard is one worker's part of the metrics. Each worker writes only its own shard, so a
// request takes no lock and shares no cache line with another core. The scrape sums the shards.
//
// Handles are looked up by name when a configuration takes effect, and kept. Listener(), Upstream()
// and Requests() take a lock and may allocate; the methods of handles do neither. The same name
// returns the same handle, and handles live as long as the Metrics object: a listener that a reload
// removes keeps its series with their last values, so that no count is lost between two scrapes and
// a reused name continues its series.
//
// Only the worker that owns the shard may call it and its handles.

#ifndef MANTLET_PROXY_OBSERVE_METRICS_SHARD_H_
#define MANTLET_PROXY_OBSERVE_METRICS_SHARD_H_

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "proxy/base/end_reason.h"
#include "proxy/base/handshake_failure.h"
#include "proxy/base/proxy_error.h"
#include "proxy/base/resumption_refusal.h"
#include "proxy/http/grpc.h"
#include "proxy/observe/client_expiries.h"
#include "proxy/observe/metric_values.h"

namespace mantlet::observe {

enum class TlsVersionLabel : uint8_t { kTls12, kTls13 };
inline constexpr size_t kTlsVersionCount = 2;
inline constexpr std::array<std::string_view, kTlsVersionCount> kTlsVersionLabels = {"TLSv1.2",
                                                                                     "TLSv1.3"};

// The protocol that a client speaks on its connection.
enum class ClientProtocol : uint8_t { kHttp2, kHttp1 };
inline constexpr size_t kClientProtocolCount = 2;
inline constexpr std::array<std::string_view, kClientProtocolCount> kClientProtocolLabels = {
    "h2", "http/1.1"};

// Why a stream of a client was refused before its request began.
enum class StreamRefusal : uint8_t {
  kStreamLimit,  // limits.streams are open on the connection
  kDraining,     // the connection begins no more requests
};
inline constexpr size_t kStreamRefusalCount = 2;
inline constexpr std::array<std::string_view, kStreamRefusalCount> kStreamRefusalLabels = {
    "stream_limit", "draining"};

// What was refused because a worker has more to do than it can.
enum class ShedWork : uint8_t { kHandshake, kRequest };
inline constexpr size_t kShedWorkCount = 2;
inline constexpr std::array<std::string_view, kShedWorkCount> kShedWorkLabels = {"handshake",
                                                                                 "request"};

// Why an HTTP/2 connection was closed by mantlet because of what its client did.
enum class Http2CloseReason : uint8_t {
  kRapidReset,     // streams that end without a response, by either side's reset
  kControlFrames,  // SETTINGS, PING, PRIORITY, WINDOW_UPDATE and the like without streams in need
  kEmptyFrames,    // frames without content that do not end a message
  kHeaderBlock,    // an oversized header block, or one in too many CONTINUATION frames
  kProtocolError,  // any other connection error of RFC 9113 section 5.4.1
};
inline constexpr size_t kHttp2CloseReasonCount = 5;
inline constexpr std::array<std::string_view, kHttp2CloseReasonCount> kHttp2CloseReasonLabels = {
    "rapid_reset", "control_frames", "empty_frames", "header_block", "protocol_error"};

// Returns the label of a reason for which a client was cut because it kept mantlet waiting; empty
// for all others.
inline std::string_view ClientTimeoutLabel(size_t reason) {
  using R = base::ErrorReason;
  switch (static_cast<R>(reason)) {
    case R::kRequestTimeout:
    case R::kRequestTooSlow:
    case R::kClientWriteTimeout:
    case R::kClientTooSlow:
    case R::kTimeoutTunnel:
      return base::FactsOf(static_cast<R>(reason)).label;
    default:
      return {};
  }
}

class alignas(64) ListenerMetrics {
 public:
  void ConnectionOpened() {
    connections_.Add();
    active_.Add(1);
  }
  void ConnectionClosed() { active_.Add(-1); }

  void HandshakeDone(TlsVersionLabel version, bool resumed, bool client_cert, int64_t duration_us) {
    handshakes_[HandshakeCell(version, resumed, client_cert)].Add();
    handshake_duration_.Observe(duration_us);
  }
  void HandshakeFailed(base::HandshakeFailure reason) {
    handshake_failures_[static_cast<size_t>(reason)].Add();
  }

  // A client with a verified certificate of `issuer` has connected; seconds since the epoch.
  void ClientVerified(std::string_view issuer, int64_t not_after, int64_t now) {
    client_expiries_.Seen(issuer, not_after, now);
  }

  // A client was accepted although its certificate does not verify.
  void CertificateNotVerified(base::HandshakeFailure reason) {
    not_verified_[static_cast<size_t>(reason)].Add();
  }
  // A client was accepted with a server certificate (client_auth.server_auth_clients).
  void ServerAuthClient() { server_auth_clients_.Add(); }

  // The client of an open connection speaks `protocol`.
  void ProtocolChosen(ClientProtocol protocol) { protocols_[static_cast<size_t>(protocol)].Add(); }
  // Streams of HTTP/2. StreamClosed() follows each StreamOpened(), and a refused stream is not
  // opened.
  void StreamOpened() { streams_.Add(1); }
  void StreamClosed() { streams_.Add(-1); }
  void StreamRefused(StreamRefusal reason) { streams_refused_[static_cast<size_t>(reason)].Add(); }
  void Http2ConnectionClosed(Http2CloseReason reason) {
    http2_closed_[static_cast<size_t>(reason)].Add();
  }

  void Shed(ShedWork what) { shed_[static_cast<size_t>(what)].Add(); }
  // A request or a connection was cut because its client did not send or read in time.
  void ClientTimedOut(base::ErrorReason reason) {
    client_timeouts_[static_cast<size_t>(reason)].Add();
  }

  void ConnectionEnded(base::EndReason reason) { ended_[static_cast<size_t>(reason)].Add(); }
  void ResumptionRefused(base::ResumptionRefusal refusal) {
    resumptions_refused_[static_cast<size_t>(refusal)].Add();
  }

  // Parts of a client certificate were left out of the identity headers because they are unsafe or
  // too large.
  void IdentityFieldsDropped(size_t unsafe, size_t too_large) {
    identity_dropped_[0].Add(unsafe);
    identity_dropped_[1].Add(too_large);
  }

  // Returns the counter of one policy rule, which lives as long as these metrics. Takes a lock;
  // called only when a configuration takes effect. "default" is the rule of `policy: default:
  // deny`.
  Counter& PolicyDenials(std::string_view rule);

 private:
  friend class MetricsCollector;

  static constexpr std::array<std::string_view, 2> kIdentityDropLabels = {"unsafe", "too_large"};

  static size_t HandshakeCell(TlsVersionLabel version, bool resumed, bool client_cert) {
    return static_cast<size_t>(version) * 4 + (resumed ? 2 : 0) + (client_cert ? 1 : 0);
  }

  Counter connections_;
  Gauge active_;
  std::array<Counter, kTlsVersionCount * 4> handshakes_;
  std::array<Counter, base::kHandshakeFailureCount> handshake_failures_;
  std::array<Counter, base::kHandshakeFailureCount> not_verified_;
  Counter server_auth_clients_;
  DurationHistogram<kHandshakeBoundsUs> handshake_duration_;
  std::array<Counter, base::kResumptionRefusalCount> resumptions_refused_;
  std::array<Counter, base::kEndReasonCount> ended_;
  std::array<Counter, base::kErrorReasonCount> client_timeouts_;
  std::array<Counter, kShedWorkCount> shed_;
  std::array<Counter, 2> identity_dropped_;
  std::array<Counter, kClientProtocolCount> protocols_;
  Gauge streams_;
  std::array<Counter, kStreamRefusalCount> streams_refused_;
  std::array<Counter, kHttp2CloseReasonCount> http2_closed_;
  ClientExpiries client_expiries_;

  mutable std::mutex rules_mutex_;  // guards the map, not the counters in it
  std::map<std::string, std::unique_ptr<Counter>, std::less<>> denials_;
};

enum class UpstreamConnectionState : uint8_t { kConnecting, kActive, kIdle };
inline constexpr size_t kUpstreamConnectionStateCount = 3;
inline constexpr std::array<std::string_view, kUpstreamConnectionStateCount>
    kUpstreamConnectionStateLabels = {"connecting", "active", "idle"};

class alignas(64) UpstreamMetrics {
 public:
  void ConnectionAdded(UpstreamConnectionState state) { connections_[Index(state)].Add(1); }
  void ConnectionRemoved(UpstreamConnectionState state) { connections_[Index(state)].Add(-1); }
  void ConnectionMoved(UpstreamConnectionState from, UpstreamConnectionState to) {
    connections_[Index(from)].Add(-1);
    connections_[Index(to)].Add(1);
  }
  // Reasons for which base::CountsAsUpstreamFailure is false are not exported; the caller need not
  // check.
  void Failed(base::ErrorReason reason) { failures_[static_cast<size_t>(reason)].Add(); }
  // A request was sent again on another connection.
  void Retried() { retries_.Add(); }
  // A request was not sent again, because of upstream::RetryBudget.
  void RetryOverBudget() { retries_over_budget_.Add(); }
  // `count` requests began to wait for a connection, or have ended to wait if it is negative.
  void Waiting(int64_t count) { waiting_.Add(count); }
  // The head of a response has come, `duration_us` after the head of its request was sent. Returns
  // the cell of the histogram, for TracedHistogram::Trace().
  size_t ResponseBegan(int64_t duration_us) { return head_duration_.Observe(duration_us); }
  TracedHistogram<kRequestBoundsUs>& head_duration() { return head_duration_; }

 private:
  friend class MetricsCollector;

  static size_t Index(UpstreamConnectionState state) { return static_cast<size_t>(state); }

  std::array<Gauge, kUpstreamConnectionStateCount> connections_;
  std::array<Counter, base::kErrorReasonCount> failures_;
  Counter retries_;
  Counter retries_over_budget_;
  Gauge waiting_;
  TracedHistogram<kRequestBoundsUs> head_duration_;
};

// RequestMetrics counts the requests of one listener to one upstream.
class alignas(64) RequestMetrics {
 public:
  // The label values. Unknown methods and impossible codes are "other", because a client or an
  // upstream must not be able to create an unlimited number of series.
  static constexpr std::array<std::string_view, 10> kMethodLabels = {
      "GET", "HEAD", "POST", "PUT", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH", "other"};

  RequestMetrics() = default;
  ~RequestMetrics();
  RequestMetrics(const RequestMetrics&) = delete;
  RequestMetrics& operator=(const RequestMetrics&) = delete;

  // The head of a request has been read. Ended() follows once.
  void Began() { active_.Add(1); }
  void Ended() { active_.Add(-1); }

  // Records a request that has ended. `method` is the method of the request line, empty if it could
  // not be read. `code` is the status of the final response, or 0 if none was begun. Bytes are
  // those of the content, without framing and header sections. Allocates only when a method is seen
  // for the first time. Returns the cell of the histogram, for TracedHistogram::Trace().
  size_t Record(std::string_view method, int code, int64_t duration_us, uint64_t request_bytes,
                uint64_t response_bytes);
  TracedHistogram<kRequestBoundsUs>& duration() { return duration_; }

  // A response to a gRPC request has ended with the code `status`. Numbers that gRPC does not
  // define count as UNKNOWN.
  void GrpcResponse(int status) {
    constexpr size_t kUnknown = 2;
    grpc_[http::IsKnownGrpcStatus(status) ? static_cast<size_t>(status) : kUnknown].Add();
  }

 private:
  friend class MetricsCollector;

  // Cell 0: no response; 1: an impossible code; then one for each of 100..599.
  static constexpr size_t kCodeCells = 502;
  using Codes = std::array<Counter, kCodeCells>;

  static size_t MethodIndex(std::string_view method);
  static size_t CodeCell(int code) {
    if (code == 0) return 0;
    return code < 100 || code > 599 ? 1 : static_cast<size_t>(code) - 98;
  }
  static std::string CodeLabel(size_t cell) {
    if (cell == 0) return "0";
    return cell == 1 ? "other" : std::to_string(cell + 98);
  }

  std::array<std::atomic<Codes*>, kMethodLabels.size()> by_method_{};  // owned
  Gauge active_;
  TracedHistogram<kRequestBoundsUs> duration_;
  Counter request_bytes_;
  Counter response_bytes_;
  std::array<Counter, http::kGrpcStatusCount> grpc_;
};

class MetricsShard {
 public:
  MetricsShard() = default;
  MetricsShard(const MetricsShard&) = delete;
  MetricsShard& operator=(const MetricsShard&) = delete;

  ListenerMetrics& Listener(std::string_view name);
  UpstreamMetrics& Upstream(std::string_view name);
  RequestMetrics& Requests(std::string_view listener, std::string_view upstream);

 private:
  friend class MetricsCollector;

  using Pair = std::pair<std::string, std::string>;

  mutable std::mutex mutex_;  // guards the maps, not what they point to
  std::map<std::string, std::unique_ptr<ListenerMetrics>, std::less<>> listeners_;
  std::map<std::string, std::unique_ptr<UpstreamMetrics>, std::less<>> upstreams_;
  std::map<Pair, std::unique_ptr<RequestMetrics>> requests_;
};

}  // namespace mantlet::observe

#endif  // MANTLET_PROXY_OBSERVE_METRICS_SHARD_H_
