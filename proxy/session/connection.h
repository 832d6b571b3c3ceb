// Connection is one client connection from its acceptance to its close. It sets up the transport,
// learns who the client is, selects the protocol and runs it, and closes the connection so that no
// written byte is lost. While the connection is open, it validates the client again when that is
// due. Every way a connection can end is counted by a metric, and a failed handshake is also
// logged.
//
// Its worker owns it and destroys it through Loop::DeferDelete(). One loop's thread only.

#ifndef MANTLET_PROXY_SESSION_CONNECTION_H_
#define MANTLET_PROXY_SESSION_CONNECTION_H_

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "proxy/base/proxy_error.h"
#include "proxy/base/timer_wheel.h"
#include "proxy/identity/peer_identity.h"
#include "proxy/io/socket_address.h"
#include "proxy/session/acceptor.h"
#include "proxy/session/admission.h"
#include "proxy/session/client_facts.h"
#include "proxy/session/listener_state.h"
#include "proxy/session/protocol.h"
#include "proxy/session/revalidation.h"
#include "proxy/session/revalidation_schedule.h"
#include "proxy/session/worker_context.h"
#include "proxy/session/write_progress.h"

namespace mantlet::session {

class Connection final : private AcceptHandler,
                         private io::ByteStreamHandler,
                         private ProtocolHost,
                         public RevalidationSchedule::Handler {
 public:
  class Observer {
   public:
    // The connection has ended and must be retired. Called once, as the connection's last action.
    virtual void OnConnectionClosed(Connection* connection) = 0;

   protected:
    ~Observer() = default;
  };

  Connection(WorkerContext& worker, Observer& observer, std::shared_ptr<ListenerSlot> slot,
             Admission::Ticket ticket, std::unique_ptr<io::ByteStream> transport,
             const io::SocketAddress& peer);
  ~Connection();
  // Called by Loop::DeferDelete(). No event is reported afterwards.
  void OnDeferDelete() { acceptance_->stream().Close(); }

  // Starts the set-up of the transport. The owner calls it once, after it has registered the
  // connection.
  void Begin() { acceptance_->Begin(); }
  // The drain has begun, or the listener has been removed. The connection may still finish its
  // handshake, if its ClientHello arrives within shutdown.idle_grace, and answer one more request,
  // if that arrives in time.
  void Drain();
  // Ends the connection immediately: the drain's deadline has passed.
  void Cut();
  // Ends the connection immediately and drops what it still has for the client.
  void Drop(base::ProxyError error);
  // Ends the connection if no request is under way; one that is on its way meanwhile is lost to the
  // client as at every end of an idle connection (RFC 9112 section 9.5).
  void EndIfIdle();
  // Returns the bytes that it holds for its client and for the upstream, more or less.
  size_t held() const;
  // RevalidationSchedule::Handler: validates the client again.
  void OnRevalidationDue() override;

  // For the admin endpoint.
  enum class State : uint8_t { kHandshake, kIdle, kRequest, kTunnel, kClosing };
  static std::string_view StateName(State state);
  State state() const;
  const identity::PeerIdentity& identity() const { return identity_; }
  const std::string& peer() const { return peer_; }
  const std::string& listener_name() const { return listener_->config.name; }
  const ListenerSlot* slot() const { return slot_.get(); }
  // The protocol's name, as ALPN has it; empty during the handshake.
  std::string_view protocol() const { return protocol_ == nullptr ? "" : protocol_->name(); }
  size_t streams() const { return protocol_ == nullptr ? 0 : protocol_->streams(); }
  uint64_t requests() const { return protocol_ == nullptr ? 0 : protocol_->requests(); }
  int64_t opened_us() const { return opened_us_; }  // by the monotonic clock
  int64_t opened_wall_ms() const { return opened_wall_ms_; }

 private:
  // What a handshake holds, more or less: the TLS library's buffers and state; and a connection
  // that has sent nothing.
  static constexpr size_t kHandshakeBytes = 24 * 1024;
  static constexpr size_t kSilentBytes = 4 * 1024;

  enum class Phase : uint8_t { kHandshake, kOpen, kClosing, kOver };

  // AcceptHandler
  void OnPartialHello() override;
  bool OnHandshakeBegins() override;
  void OnCertificateNotVerified(const tls::HandshakeReport& report) override;
  void OnAccepted(Accepted accepted) override;
  void OnRefused(tls::HandshakeReport report) override;
  // io::ByteStreamHandler
  void OnData(std::string_view bytes) override;
  void OnEnd() override;
  void OnStreamError(const io::StreamError& error) override;
  void OnDrained() override;
  // ProtocolHost
  io::ByteStream& stream() override { return acceptance_->stream(); }
  void RestoreHandler() override { stream().SetHandler(this); }
  const std::shared_ptr<const ClientFacts>& client() override { return client_; }
  const std::shared_ptr<const ListenerState>& listener() override { return listener_; }
  const std::shared_ptr<const ListenerState>& RefreshListener() override;
  bool MayBegin() override;
  bool expires_soon() const override { return expires_soon_; }
  bool leaving() const override { return worker_.draining || slot_->current == nullptr; }
  int64_t age_left_ms() const override;
  int64_t idle_grace_ms() const override { return worker_.idle_grace_ms; }
  void OnTunnelBegins() override { RecheckTunnel(); }
  void Done(CloseMode mode) override;

  // ---- the handshake
  void ArmHandshake();
  void MakeRoom(AdmissionLimit limit);
  void CountHandshake();
  void CountRefusedResumption();
  void RenderClient(std::shared_ptr<ClientFacts> client);
  const config::Limits& NewestLimits() const;
  // ---- validation of an open connection's client
  void Validate(RevalidationPhase phase);
  void RecheckTunnel();
  void Terminate(Termination termination);
  void ForceClose(base::ProxyError error);
  // ---- the end
  void CloseAfterWrites(bool linger);
  void ArmWrite();
  void CheckLastResponse();
  void Abort();
  void Finish();
  void OnTimeout();
  void OnHandshakeTimeout();

  WorkerContext& worker_;
  Observer& observer_;
  std::shared_ptr<ListenerSlot> slot_;
  std::shared_ptr<const ListenerState> listener_;
  std::string peer_;  // "127.0.0.1:40000"
  Admission::Ticket ticket_;
  identity::PeerIdentity identity_;
  // Replaced, never changed: requests in progress keep the one that they began with.
  std::shared_ptr<const ClientFacts> client_;
  std::unique_ptr<Acceptance> acceptance_;
  std::unique_ptr<Protocol> protocol_;  // from OnAccepted() on

  Phase phase_ = Phase::kHandshake;
  // In kHandshake: the deadline of the handshake. In kClosing: the time for the client to read what
  // was written, and to end its direction.
  base::FunctionTimer timer_;
  bool hello_begun_ = false;
  bool hello_whole_ = false;
  bool last_poll_ =
      false;  // the deadline has passed; the socket is read once more before the connection ends
  bool input_ended_ = false;   // the client has ended its direction
  bool linger_ = false;        // kClosing: the client may still be sending
  bool expires_soon_ = false;  // the client will be validated within shutdown.idle_grace
  bool listener_removed_ = false;
  // The client would be rejected now: the request in flight is the last one, and ends by
  // `deadline_`.
  bool ending_ = false;
  std::unique_ptr<base::FunctionTimer> deadline_;
  WriteProgress progress_;
  int64_t opened_us_ = 0;
  int64_t opened_wall_ms_ = 0;
};

}  // namespace mantlet::session

#endif  // MANTLET_PROXY_SESSION_CONNECTION_H_
