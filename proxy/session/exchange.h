// Exchange forwards one request to an upstream and the response to the client. It asks the request
// gate, waits for an upstream connection, forwards content in both directions with back-pressure,
// and retries where that is safe. When something fails, it answers with an error of its own.
// At the end it counts the request and writes one access record.
//
// It works for any version of HTTP on either side, because it reads and writes values
// (proxy/http/codec.h). A protocol session owns it and reuses it for one request after the other.
// One loop's thread only.

#ifndef MANTLET_PROXY_SESSION_EXCHANGE_H_
#define MANTLET_PROXY_SESSION_EXCHANGE_H_

#include <cstdint>
#include <memory>
#include <memory_resource>
#include <optional>
#include <string>
#include <string_view>

#include "proxy/base/proxy_error.h"
#include "proxy/base/timer_wheel.h"
#include "proxy/http/codec.h"
#include "proxy/http/header_list.h"
#include "proxy/http/message.h"
#include "proxy/session/client_facts.h"
#include "proxy/session/exchange_record.h"
#include "proxy/session/listener_state.h"
#include "proxy/session/request_gate.h"
#include "proxy/session/worker_context.h"
#include "proxy/session/write_progress.h"
#include "proxy/upstream/lease.h"
#include "proxy/upstream/pool.h"

namespace mantlet::session {

// The state in which an exchange leaves its stream. Its owner decides what to do with the
// connection.
enum class ExchangeEnd {
  kComplete,  // the response has been written completely
  kReset,     // the response is incomplete and must not look complete, or there is none
  kUpgraded,  // the protocol was switched: TakeUpgraded() returns the upstream's side
};

class ExchangeHandler {
 public:
  // The exchange has ended. This is its last action; the owner may call Begin() for the next
  // request immediately.
  virtual void OnExchangeEnd(ExchangeEnd end) = 0;

 protected:
  ~ExchangeHandler() = default;
};

class Exchange final : private http::ResponseHandler, private upstream::Pool::LeaseHandler {
 public:
  // The upstream's side of an upgraded stream, and the lease of the capacity it uses.
  struct Upgraded {
    http::UpgradedStream upstream;
    upstream::Lease lease;
  };

  // All three arguments must outlive the exchange.
  Exchange(WorkerContext& worker, http::ResponseWriter& response, ExchangeHandler& handler);
  ~Exchange();
  Exchange(const Exchange&) = delete;

  // The first byte of the next request has arrived. The duration of the request starts here.
  void RequestBegins() { record_.RequestBegins(); }
  // Begin starts to forward a request. `head` and `client` must stay valid until OnExchangeEnd().
  // If it returns an error, nothing has been sent; the caller passes the error to Refuse() once the
  // parser has returned.
  std::optional<base::ProxyError> Begin(const std::shared_ptr<const ListenerState>& listener,
                                        const http::RequestHead& head,
                                        const std::shared_ptr<const ClientFacts>& client);
  void OnRequestBody(std::string_view piece);
  void OnRequestTrailers(const http::HeaderList& trailers);
  void OnRequestEnd();
  // All events of one read from the client have been delivered.
  void FlushRequest();
  // Ends the exchange with an error response, if one can still be sent.
  void Refuse(base::ProxyError error) { Fail(std::move(error)); }
  // Ends the exchange without a response: the client is gone, or its connection is to be cut.
  void Cancel(base::ProxyError error);
  // The client has read everything that was written to it.
  void OnResponseDrained();
  // Answers, counts and records a request that could not be parsed.
  void RefuseUnparsed(const std::shared_ptr<const ListenerState>& listener,
                      const http::RequestHead& head,
                      const std::shared_ptr<const ClientFacts>& client, base::ProxyError error);

  bool active() const { return state_ != State::kIdle; }
  // Returns whether the head of the response has been forwarded.
  bool responding() const { return state_ == State::kResponding; }
  // Returns the bytes of content in both directions.
  uint64_t content_bytes() const { return record_.request_bytes + record_.response_bytes; }
  // Returns the bytes of the request that wait to be written.
  size_t held() const { return early_body_.size() + (upstream_ ? upstream_->buffered() : 0); }
  // Returns whether the response is gRPC or an event stream: it ends when its reader has had
  // enough, and the reader sets the pace. Known once the response has been flushed.
  bool paced_by_reader() const { return paced_by_reader_; }
  // Returns whether the whole request has been read.
  bool request_complete() const { return request_complete_; }

  // ---- after kUpgraded, until FinishTunnel()

  Upgraded TakeUpgraded();
  // RecheckTunnel asks the policy of `listener`, a newer state, about the request that became the
  // tunnel. Returns the error to end the tunnel with if the policy denies it; the denial is counted
  // and logged.
  std::optional<base::ProxyError> RecheckTunnel(const ListenerState& listener);
  // Sets the error that the access record reports for the tunnel. The first error is kept.
  void SetTunnelError(base::ProxyError error);
  // The tunnel has ended because no byte moved for listeners[].timeouts.tunnel.
  void TunnelTimedOut();
  // The tunnel is over. Counts and records the exchange, with the number of bytes in each
  // direction.
  void FinishTunnel(uint64_t from_client, uint64_t from_upstream);

 private:
  enum class State {
    kIdle,
    kRefused,     // Begin() returned an error; Refuse() must follow
    kWaiting,     // for an upstream connection
    kSending,     // the request is on its way, no final response head yet
    kResponding,  // the response is on its way
  };

  // What the exchange waits for. It determines which deadline runs.
  enum class Awaited {
    kNothing,       // no deadline of the exchange; those of the pool or the client run
    kResponseHead,  // upstreams[].timeouts.response_head, from the end of the request
    kResponseBody,  // upstreams[].timeouts.body, between two reads
    kEvent,         // upstreams[].timeouts.event_stream, the same
    kRoomUpstream,  // upstreams[].timeouts.write
    kRoomClient,    // listeners[].timeouts.write
  };

  // upstream::Pool::LeaseHandler
  void OnConnection(upstream::Lease lease) override;
  void OnNoConnection(base::ProxyError error) override;
  // http::ResponseHandler
  void OnInterimResponse(const http::ResponseHead& head) override;
  void OnResponseHead(const http::ResponseHead& head) override;
  void OnResponseBody(std::string_view piece) override;
  void OnResponseTrailers(const http::HeaderList& trailers) override;
  void OnResponseEnd() override;
  void OnResponseFlush() override;
  void OnRequestDrained() override;
  void OnUpstreamError(base::ProxyError error) override;

  upstream::Pool& pool() const { return *pool_; }
  void Reset(const std::shared_ptr<const ListenerState>& listener, const http::RequestHead& head,
             const std::shared_ptr<const ClientFacts>& client);
  void StartSending(upstream::Lease lease);
  void SendRequestHead();
  void HoldContent(std::string_view piece);
  void DropHeldContent();
  upstream::Pool::Request Repeatability() const;
  bool IsRepeatable() const;
  bool MayRetry(const base::ProxyError& error) const;
  void Fail(base::ProxyError error);
  Awaited AwaitedNow() const;
  size_t UntakenNow() const;
  std::optional<base::ProxyError> RequestRateFault();
  std::optional<base::ProxyError> TimeoutFault();
  void ArmTimer();
  void OnTimeout();
  base::ProxyError TimeoutError() const;
  void PauseRequest(bool paused);
  void ReadGrpcStatus(const http::HeaderList& fields);
  void SwitchProtocols();
  void End(ExchangeEnd end);
  void RecordRefusal(const ListenerState& listener, const RequestGate::Verdict& verdict);
  void RecordTimeout(const base::ProxyError& error);

  WorkerContext& worker_;
  http::ResponseWriter& response_;
  ExchangeHandler& handler_;
  base::FunctionTimer timer_;
  Awaited awaited_ = Awaited::kNothing;  // what timer_ is armed for
  WriteProgress progress_;

  State state_ = State::kIdle;
  std::shared_ptr<const ListenerState> listener_;
  upstream::Pool* pool_ = nullptr;  // one of listener_'s
  const http::RequestHead* head_ = nullptr;
  std::shared_ptr<const ClientFacts> client_;
  upstream::Lease upstream_;
  const http::ResponseHead* response_head_ = nullptr;  // the upstream's, from OnResponseHead()
  // Content that arrived before there was a connection. Afterwards, if holds_content_ is set, all
  // content that was sent.
  std::pmr::string early_body_;
  http::HeaderList trailers_;  // the trailers to forward, of the request or the response
  Upgraded upgraded_;

  RequestGate gate_;
  ExchangeRecord record_;

  // The next time at which the rate of the request's content is checked, and how much had come at
  // the last one; 0: the time begins with the next read.
  int64_t rate_due_ms_ = 0;
  uint64_t rate_bytes_ = 0;

  bool request_complete_ = false;
  bool request_paused_ = false;
  // The request can be sent again, whatever its method, if the upstream refuses it. Only over
  // HTTP/2, which has a way to refuse a request that was not processed, and until a response
  // begins.
  bool holds_content_ = false;
  uint8_t retries_ = 0;
  bool response_paused_ = false;
  bool event_stream_unknown_ =
      false;                       // it has not been determined yet whether this is an event stream
  bool event_stream_ = false;      // the response is an event stream, or the request is gRPC
  bool paced_by_reader_ = false;   // the response says that it is gRPC or an event stream
  bool response_started_ = false;  // a final response head has been written to the client
  bool interim_forwarded_ = false;
  bool switching_ = false;  // a 101 has been forwarded, but the request is not complete yet
};

}  // namespace mantlet::session

#endif  // MANTLET_PROXY_SESSION_EXCHANGE_H_
