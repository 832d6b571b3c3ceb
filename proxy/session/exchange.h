// One request and its response, between a downstream connection and an upstream
// one: forwards heads and bodies both ways with back-pressure, retries once where
// that is safe, answers itself when something goes wrong, and leaves one access
// record and one count when it is over.
//
// Owned by its downstream connection and used again for request after request.
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
#include "proxy/http/forwarding.h"
#include "proxy/http/message.h"
#include "proxy/io/byte_stream.h"
#include "proxy/session/client_facts.h"
#include "proxy/session/exchange_record.h"
#include "proxy/session/listener_state.h"
#include "proxy/session/request_gate.h"
#include "proxy/session/worker_context.h"
#include "proxy/upstream/connection.h"
#include "proxy/upstream/pool.h"

namespace mantlet::session {

// How an exchange leaves its downstream connection.
enum class ExchangeEnd {
  kKeepAlive,  // the next request may come
  kClose,      // the response is complete and said that it is the last
  kLinger,     // as kClose, but the client may still be sending: do not reset it
  kAbort,      // the response is incomplete, and must not look complete
  kTunnel,     // switched protocols; TakeTunnel() has the upstream side
};

class ExchangeHost {
 public:
  virtual io::ByteStream& downstream() = 0;
  // The request's bytes cannot go anywhere for now: read no more of them.
  virtual void SetRequestPaused(bool paused) = 0;
  // The last thing the exchange does; the next Begin() may follow at once.
  virtual void OnExchangeEnd(ExchangeEnd end) = 0;

 protected:
  ~ExchangeHost() = default;
};

class Exchange final : private upstream::Connection::User, private upstream::Pool::Waiter {
 public:
  Exchange(WorkerContext& worker, ExchangeHost& host);
  ~Exchange();
  Exchange(const Exchange&) = delete;

  // The first byte of the next request has come: its time runs from here.
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
  // Ends the exchange with an answer of our own, if one can still be given.
  void Refuse(base::ProxyError error);
  // The client is gone.
  void Abandon(base::ProxyError error);
  // Whatever the response says about it: no request follows this one.
  void MakeLast() { last_ = true; }
  // After kTunnel, until TunnelEnded(): whether `listener`'s policy would let the request
  // begin that became the tunnel: nothing, or what to end it with, which the record will
  // say. A denial is counted and recorded.
  std::optional<base::ProxyError> JudgeTunnel(const ListenerState& listener);
  // After kTunnel: why it will end, for the record.
  void SetTunnelError(base::ProxyError error) { record_.error = std::move(error); }
  // After kTunnel: nothing has moved for listeners[].timeouts.tunnel, which ends it.
  void TunnelTimedOut();
  // After kTunnel: what passed each way, once it is over. The count and the record
  // of the exchange wait for this.
  void TunnelEnded(uint64_t from_client, uint64_t from_upstream);
  // The client has taken everything written to it.
  void OnDownstreamDrained();

  bool active() const { return state_ != State::kIdle; }
  // The whole request has been read.
  bool request_complete() const { return request_complete_; }
  std::unique_ptr<io::ByteStream> TakeTunnel() { return std::move(tunnel_); }
  std::string TakeTunnelBytes() { return std::move(tunnel_bytes_); }

  // A request that no exchange can begin for, because it could not be parsed:
  // answers, counts and records it.
  void RefuseUnparsed(const std::shared_ptr<const ListenerState>& listener,
                      const http::RequestHead& head, const ClientFacts& client,
                      base::ProxyError error);

 private:
  enum class State {
    kIdle,
    kRefused,     // Begin() said no; waits for Refuse()
    kWaiting,     // for an upstream connection
    kSending,     // the request is on its way, no final response head yet
    kResponding,  // the response is on its way
  };

  // Whose turn it is, and so which of the deadlines runs.
  enum class Awaited {
    kNothing,       // of ours: the pool's or the client's own deadlines run
    kResponseHead,  // upstreams[].timeouts.response_head, from the end of the request
    kResponseBody,  // upstreams[].timeouts.body, between two reads
    kEvent,         // upstreams[].timeouts.event_stream, the same
    kRoomUpstream,  // upstreams[].timeouts.write
    kRoomClient,    // listeners[].timeouts.write
  };

  // upstream::Pool::Waiter
  void OnConnection(std::unique_ptr<upstream::Connection> connection) override;
  void OnNoConnection(base::ProxyError error) override;
  // upstream::Connection::User
  void OnInterimResponse(const http::ResponseHead& head) override;
  void OnResponseHead(const http::ResponseHead& head) override;
  void OnResponseBody(std::string_view piece) override;
  void OnResponseTrailers(const http::HeaderList& trailers) override;
  void OnResponseEnd(std::string_view rest) override;
  void OnResponsePause() override;
  void OnUpstreamDrained() override;
  void OnUpstreamError(base::ProxyError error) override;

  void Reset(const std::shared_ptr<const ListenerState>& listener, const http::RequestHead& head,
             const ClientFacts& client);
  void StartSending(std::unique_ptr<upstream::Connection> connection);
  void SendRequestHead();
  // Renders into a buffer of the loop's and writes it.
  template <typename Render>
  void WriteText(io::ByteStream& to, Render render) {
    std::string text = worker_.loop.buffers().Take();
    render(text);
    to.Write(text);
    worker_.loop.buffers().Give(std::move(text));
  }
  bool MayKeepAlive() const;
  void EndAnswered(bool keep_alive);
  bool IsRepeatable() const;
  bool MayRetry(const base::ProxyError& error) const;
  void Fail(base::ProxyError error);
  void Answer(const base::ProxyError& error);
  void ReleaseUpstream(bool reusable);
  Awaited AwaitedNow() const;
  size_t UntakenNow() const;
  void ArmTimer();
  void OnTimeout();
  void SwitchProtocols();
  void End(ExchangeEnd end);
  void RecordRefusal(const ListenerState& listener, const RequestGate::Verdict& verdict);

  WorkerContext& worker_;
  ExchangeHost& host_;
  base::FunctionTimer timer_;
  Awaited awaited_ = Awaited::kNothing;  // what timer_ is armed for
  size_t untaken_ = 0;                   // by the side whose room is awaited, when it was armed

  State state_ = State::kIdle;
  std::shared_ptr<const ListenerState> listener_;
  const http::RequestHead* head_ = nullptr;
  const ClientFacts* client_ = nullptr;
  std::shared_ptr<upstream::Pool> pool_;
  std::unique_ptr<upstream::Connection> upstream_;
  std::string early_body_;  // request bytes that came before there was a connection
  std::unique_ptr<io::ByteStream> tunnel_;
  std::string tunnel_bytes_;

  RequestGate gate_;
  ExchangeRecord record_;

  bool last_ = false;  // MakeLast()
  bool request_complete_ = false;
  bool request_paused_ = false;
  bool retried_ = false;
  bool response_paused_ = false;
  bool judge_silence_ = false;  // whether it is an event stream has not been asked yet
  bool event_stream_ = false;   // the response is one
  http::ForwardedResponse forwarded_;
  bool response_started_ = false;  // a final head has been written downstream
  bool interim_forwarded_ = false;
  bool switching_ = false;  // a 101 has been forwarded, and the request is not whole yet
  std::string trailers_;    // of the request or the response, rendered
};

}  // namespace mantlet::session

#endif  // MANTLET_PROXY_SESSION_EXCHANGE_H_
