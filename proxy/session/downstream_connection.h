// One client connection from accept to close: the TLS handshake, then requests
// one after the other (pipelined ones wait their turn), each handed to the
// exchange, then a close that loses nothing. Every way in which it can end leaves
// its metric, and a failed handshake its log record.
//
// Owned by its worker; one loop's thread only.

#ifndef MANTLET_PROXY_SESSION_DOWNSTREAM_CONNECTION_H_
#define MANTLET_PROXY_SESSION_DOWNSTREAM_CONNECTION_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "proxy/base/proxy_error.h"
#include "proxy/base/timer_wheel.h"
#include "proxy/http1/request_parser.h"
#include "proxy/identity/peer_identity.h"
#include "proxy/io/deferred_call.h"
#include "proxy/io/socket_address.h"
#include "proxy/session/admission.h"
#include "proxy/session/exchange.h"
#include "proxy/session/listener_state.h"
#include "proxy/session/standing.h"
#include "proxy/session/standing_book.h"
#include "proxy/session/tunnel.h"
#include "proxy/session/worker_context.h"
#include "proxy/tls/server_stream.h"

namespace mantlet::session {

class DownstreamConnection final : private tls::ServerStream::HandshakeHandler,
                                   private io::ByteStreamHandler,
                                   private http1::RequestSink,
                                   private ExchangeHost,
                                   public StandingBook::Member {
 public:
  class Owner {
   public:
    // It is over; retire it. Called once, as the last thing it does.
    virtual void OnConnectionOver(DownstreamConnection* connection) = 0;

   protected:
    ~Owner() = default;
  };

  DownstreamConnection(WorkerContext& worker, Owner& owner, std::shared_ptr<ListenerSlot> slot,
                       Admission::Ticket ticket, std::unique_ptr<io::ByteStream> transport,
                       const io::SocketAddress& peer);
  ~DownstreamConnection() override;
  // Loop::Retire(): nothing is heard any more.
  void OnRetired() { stream_->Close(); }

  // The drain has begun, or the listener is gone: the connection gets its handshake, if its
  // ClientHello comes within shutdown.idle_grace, and one more answer, if the request does.
  void Drain();
  // The drain's deadline: ends now.
  void Cut();
  // StandingBook::Member: would the client still be let in?
  void OnStandingDue() override;

  // For the admin endpoint.
  enum class State : uint8_t { kHandshake, kIdle, kRequest, kTunnel, kClosing };
  static std::string_view StateName(State state);
  State state() const { return state_; }
  const identity::PeerIdentity& identity() const { return identity_; }
  const std::string& peer() const { return peer_; }
  const std::string& listener() const { return listener_->config.name; }
  const ListenerSlot* slot() const { return slot_.get(); }
  uint64_t requests() const { return requests_; }
  int64_t opened_wall_ms() const { return opened_wall_ms_; }

 private:
  // tls::ServerStream::HandshakeHandler
  void OnPartialHello() override;
  bool OnHandshakeBegins() override;
  void OnCertificateNotVerified(const tls::HandshakeReport& report) override;
  void OnHandshakeDone(identity::PeerIdentity identity) override;
  void OnHandshakeFailed(tls::HandshakeReport report) override;
  // io::ByteStreamHandler
  void OnData(std::string_view bytes) override;
  void OnEnd() override;
  void OnStreamError(const io::StreamError& error) override;
  void OnDrained() override;
  // http1::RequestSink
  void OnRequestHead(http::RequestHead& head) override;
  void OnRequestBody(std::string_view piece) override;
  void OnRequestTrailers(const http::HeaderList& trailers) override;
  void OnRequestEnd() override;
  // ExchangeHost
  io::ByteStream& downstream() override { return *stream_; }
  void SetRequestPaused(bool paused) override;
  void OnExchangeEnd(ExchangeEnd end) override;

  void Process(std::string_view bytes);
  void RefuseUnparsed(const http1::ParseError& error);
  void HoldInput(std::string_view bytes);
  void ProcessInput();
  bool BetweenRequests() const { return parser_ == nullptr || parser_->Idle(); }
  void TakeParser();
  void GiveParserBack();
  void NextRequest();
  void StartTunnel();
  void MakeRoom(AdmissionLimit limit);
  void ArmHandshake();
  void ArmIdle();
  void ArmWrite();
  bool TakesOn();
  // No request follows the one that is under way or on its way.
  bool leaving() const { return worker_.draining || slot_->current == nullptr; }
  const config::Limits& NewestLimits() const;
  void CountRefusedResumption();
  void RefreshListener();
  void RenderFacts();
  void UpdateReading();
  void Judge(Moment moment);
  void JudgeTunnel();
  void EndFor(Ending ending);
  void CutWith(base::ProxyError error);
  void CloseSoon(bool discard_input);
  void Abort();
  void Over();
  bool TakesLastLook();
  void OnTimeout();

  WorkerContext& worker_;
  Owner& owner_;
  std::shared_ptr<ListenerSlot> slot_;
  std::shared_ptr<const ListenerState> listener_;
  std::string peer_;  // "127.0.0.1:40000"
  std::unique_ptr<tls::ServerStream> stream_;
  base::FunctionTimer timer_;
  State state_ = State::kHandshake;
  bool over_ = false;
  bool hello_whole_ = false;
  bool idle_over_ = false;      // the time for the next bytes is over; a last look is taken
  bool expires_soon_ = false;   // the client will be judged again within shutdown.idle_grace
  bool asked_to_stay_ = false;  // the client, with its last request
  bool listener_removed_ = false;
  Admission::Ticket ticket_;

  identity::PeerIdentity identity_;
  ClientFacts client_;
  std::unique_ptr<http1::RequestParser> parser_;  // null between requests
  Exchange exchange_;
  std::optional<base::ProxyError> refusal_;  // of Begin(), until the parser's call is over
  std::string input_;                        // held while an exchange is busy: the next requests
  // ProcessInput(): not from inside the callback that ended the last exchange, for a long
  // pipeline would nest as deep as it is long.
  io::DeferredCall resume_input_;
  std::unique_ptr<Tunnel> tunnel_;

  // Its client would not be let in any more: what is in flight is the last, and ends
  // by the deadline. No request begins.
  bool ending_ = false;
  std::unique_ptr<base::FunctionTimer> deadline_;

  // Why the client is not read. Each reason has one owner; reading goes on when
  // none holds.
  bool paused_by_exchange_ = false;  // the upstream takes no more
  bool paused_by_input_ = false;     // the next request has come before its turn
  bool backlogged_ = false;          // it has not taken the responses it was given
  bool input_ended_ = false;         // the client sends no more
  bool discard_input_ = false;       // kClosing: it may still be sending

  size_t untaken_ = 0;  // by the client, when ArmWrite() was called
  uint64_t requests_ = 0;
  int64_t opened_us_ = 0;
  int64_t opened_wall_ms_ = 0;
};

}  // namespace mantlet::session

#endif  // MANTLET_PROXY_SESSION_DOWNSTREAM_CONNECTION_H_
