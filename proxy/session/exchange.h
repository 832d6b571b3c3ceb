// Exchange carries one request to an upstream and its response to the client: it asks the
// request gate, waits for a connection, forwards content both ways with back-pressure, retries
// once where that is safe, answers itself when something goes wrong, and leaves one count and
// one access record when it is over.
//
// It works for any version of HTTP on either side: what it reads and writes are values
// (proxy/http/codec.h). Owned by a protocol session, which uses it for request after request.
// One loop's thread only.

#ifndef MANTLET_PROXY_SESSION_EXCHANGE_H_
#define MANTLET_PROXY_SESSION_EXCHANGE_H_

#include <cstdint>
#include <memory>
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
#include "proxy/upstream/lease.h"
#include "proxy/upstream/pool.h"

namespace mantlet::session {

// How an exchange leaves its stream. What becomes of the connection is its owner's decision.
enum class ExchangeEnd {
  kComplete,  // the response has been written whole
  kReset,     // it is incomplete and must not look complete, or there is none
  kUpgraded,  // the stream has changed protocols: TakeUpgraded() has the upstream's side
};

class ExchangeHost {
 public:
  // The last thing the exchange does; the next Begin() may follow at once.
  virtual void OnExchangeEnd(ExchangeEnd end) = 0;

 protected:
  ~ExchangeHost() = default;
};

class Exchange final : private http::ResponseHandler, private upstream::Pool::Waiter {
 public:
  // The upstream's side of a stream that has changed protocols, and the capacity it holds.
  struct Upgraded {
    http::UpgradedStream upstream;
    upstream::Lease lease;
  };

  // All of them outlive the exchange.
  Exchange(WorkerContext& worker, http::ResponseWriter& response, ExchangeHost& host);
  ~Exchange();
  Exchange(const Exchange&) = delete;

  // The first byte of the next request has come: its duration is counted from here.
  void RequestBegins() { record_.RequestBegins(); }
  // `head` and `client` stay valid until OnExchangeEnd(). With an error nothing
  // has been sent anywhere: call Refuse() with it, once the parser's call is over.
  std::optional<base::ProxyError> Begin(const std::shared_ptr<const ListenerState>& listener,
                                        const http::RequestHead& head, const ClientFacts& client);
  void OnRequestBody(std::string_view piece);
  void OnRequestTrailers(const http::HeaderList& trailers);
  void OnRequestEnd();
  // One read's worth of request has been delivered.
  void FlushRequest();
  // Ends the exchange with an answer of mantlet's own, if one can still be given.
  void Refuse(base::ProxyError error) { Fail(std::move(error)); }
  // The client is gone, or is to be: ends the exchange without an answer.
  void Cancel(base::ProxyError error);
  // The client has taken everything written to it.
  void OnResponseDrained();
  // A request that no exchange can begin for, because it could not be parsed:
  // answers, counts and records it.
  void RefuseUnparsed(const std::shared_ptr<const ListenerState>& listener,
                      const http::RequestHead& head, const ClientFacts& client,
                      base::ProxyError error);

  bool active() const { return state_ != State::kIdle; }
  // The whole request has been read.
  bool request_complete() const { return request_complete_; }

  // ---- after kUpgraded, until FinishTunnel()

  Upgraded TakeUpgraded();
  // Returns what to end the tunnel with, if the policy of `listener`, a newer state, would
  // refuse the request that became it; counted and logged as a denial.
  std::optional<base::ProxyError> RecheckTunnel(const ListenerState& listener);
  // Why the tunnel ends, for the record; the first error stays.
  void SetTunnelError(base::ProxyError error);
  // Nothing has moved for listeners[].timeouts.tunnel, which ends it.
  void TunnelTimedOut();
  // The tunnel is over: counts and records the exchange, with what passed each way.
  void FinishTunnel(uint64_t from_client, uint64_t from_upstream);

 private:
  enum class State {
    kIdle,
    kRefused,     // Begin() has returned an error; waits for Refuse()
    kWaiting,     // for an upstream connection
    kSending,     // the request is on its way, no final response head yet
    kResponding,  // the response is on its way
  };

  // What the exchange waits for, and so which of the deadlines runs.
  enum class Awaited {
    kNothing,       // of the exchange's own: the pool's or the client's deadlines run
    kResponseHead,  // upstreams[].timeouts.response_head, from the end of the request
    kResponseBody,  // upstreams[].timeouts.body, between two reads
    kEvent,         // upstreams[].timeouts.event_stream, the same
    kRoomUpstream,  // upstreams[].timeouts.write
    kRoomClient,    // listeners[].timeouts.write
  };

  // upstream::Pool::Waiter
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

  upstream::Pool& pool() const { return *listener_->pool; }
  void Reset(const std::shared_ptr<const ListenerState>& listener, const http::RequestHead& head,
             const ClientFacts& client);
  void StartSending(upstream::Lease lease);
  void SendRequestHead();
  upstream::Pool::Request Repeatability() const;
  bool IsRepeatable() const;
  bool MayRetry(const base::ProxyError& error) const;
  void Fail(base::ProxyError error);
  Awaited AwaitedNow() const;
  size_t UntakenNow() const;
  void ArmTimer();
  void OnTimeout();
  base::ProxyError TimeoutError() const;
  void PauseRequest(bool paused);
  void SwitchProtocols();
  void End(ExchangeEnd end);
  void RecordRefusal(const ListenerState& listener, const RequestGate::Verdict& verdict);
  void RecordTimeout(const base::ProxyError& error);

  WorkerContext& worker_;
  http::ResponseWriter& response_;
  ExchangeHost& host_;
  base::FunctionTimer timer_;
  Awaited awaited_ = Awaited::kNothing;  // what timer_ is armed for
  size_t untaken_ = 0;                   // by the side whose room is awaited, when it was armed

  State state_ = State::kIdle;
  std::shared_ptr<const ListenerState> listener_;
  const http::RequestHead* head_ = nullptr;
  const ClientFacts* client_ = nullptr;
  upstream::Lease upstream_;
  const http::ResponseHead* response_head_ = nullptr;  // the upstream's, from OnResponseHead()
  std::string early_body_;                             // content that came before the connection
  http::HeaderList trailers_;  // of the request or the response: those that are forwarded
  Upgraded upgraded_;

  RequestGate gate_;
  ExchangeRecord record_;

  bool request_complete_ = false;
  bool request_paused_ = false;
  bool retried_ = false;
  bool response_paused_ = false;
  bool event_stream_unknown_ = false;  // whether it is an event stream has not been asked yet
  bool event_stream_ = false;          // the response is one
  bool response_started_ = false;      // a final head has been written downstream
  bool interim_forwarded_ = false;
  bool switching_ = false;  // a 101 has been forwarded, and the request is not whole yet
};

}  // namespace mantlet::session

#endif  // MANTLET_PROXY_SESSION_EXCHANGE_H_
