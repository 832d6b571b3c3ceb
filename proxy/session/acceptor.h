// The interfaces through which a connection sets up its transport. An Acceptor turns an accepted
// socket into a stream of plaintext and reports who the client is. TlsAcceptor (tls_acceptor.h)
// performs a TLS handshake; PlainAcceptor accepts the socket at once.
//
// An acceptor is immutable except for the objects it shares with its worker. It belongs to one
// worker's thread.

#ifndef MANTLET_PROXY_SESSION_ACCEPTOR_H_
#define MANTLET_PROXY_SESSION_ACCEPTOR_H_

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "proxy/base/handshake_failure.h"
#include "proxy/base/resumption_refusal.h"
#include "proxy/identity/peer_identity.h"
#include "proxy/io/byte_stream.h"
#include "proxy/session/served_certificate.h"
#include "proxy/tls/handshake_report.h"

namespace mantlet::session {

// Accepted describes a connection whose transport is open.
struct Accepted {
  identity::PeerIdentity client;
  std::string_view protocol = {};  // chosen by ALPN (RFC 7301); empty if ALPN chose none
  std::string_view scheme;         // "https" or "http"; points to a literal
  ServedCertificate served = {};
};

class AcceptHandler {
 public:
  // A part of the client's first message has arrived, but not the whole. Called at most once.
  virtual void OnPartialHello() = 0;
  // The client's first message is complete and has not been processed yet. The handler returns
  // false if it has ended the connection; it must not destroy the acceptance in this call.
  virtual bool OnHandshakeBegins() = 0;
  // The client's certificate does not verify, but the client is accepted all the same. OnAccepted()
  // follows, with an identity that has no certificate.
  virtual void OnCertificateNotVerified(const tls::HandshakeReport& report) = 0;
  // The connection is open. Bytes may follow immediately, through the stream's handler.
  virtual void OnAccepted(Accepted accepted) = 0;
  // The connection cannot be opened, which includes an end or an error of the transport before
  // OnAccepted(): what is not reported here is neither counted nor logged. The acceptance may still
  // have to send the client its alert, so the owner decides when to close.
  virtual void OnRefused(tls::HandshakeReport report) = 0;

 protected:
  ~AcceptHandler() = default;
};

// Acceptance is the transport of one connection, from its acceptance to its end.
class Acceptance {
 public:
  virtual ~Acceptance() = default;
  // Starts the handshake and, unless that is done already, reading. The handler may be called from
  // inside. The stream must have a handler.
  virtual void Begin() = 0;
  // Returns the plaintext stream, which is valid as long as the acceptance. Its handler is set
  // before Begin(): an acceptance that reads the transport itself returns a stream of its own.
  virtual io::ByteStream& stream() = 0;
  // Returns a report of the handshake so far, for a caller that gives up the acceptance.
  virtual tls::HandshakeReport Report(base::HandshakeFailure reason, std::string detail) const = 0;
  // Returns why the session that the client offered was not resumed; nullopt if the client offered
  // none or it was resumed.
  virtual std::optional<base::ResumptionRefusal> resumption_refusal() const = 0;
};

class Acceptor {
 public:
  virtual ~Acceptor() = default;
  // Accept returns the acceptance of `transport`. `handler` and the handler of the acceptance's
  // stream must outlive the acceptance.
  virtual std::unique_ptr<Acceptance> Accept(std::unique_ptr<io::ByteStream> transport,
                                             AcceptHandler& handler) const = 0;
};

}  // namespace mantlet::session

#endif  // MANTLET_PROXY_SESSION_ACCEPTOR_H_
