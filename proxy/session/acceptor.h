// The seam between a connection and how its transport is set up: Acceptor makes of an accepted
// socket a stream of plaintext, and tells who the client is. TlsAcceptor does it by a TLS
// handshake (tls_acceptor.h), PlainAcceptor at once.
//
// An acceptor is immutable but for what its worker shares; it belongs to one worker's thread.

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

// What is known of a connection once it is open.
struct Accepted {
  identity::PeerIdentity client;
  std::string_view protocol = {};  // chosen by ALPN (RFC 7301); empty: none was
  std::string_view scheme;         // "https" or "http"; a literal
  ServedCertificate served = {};
};

class AcceptHandler {
 public:
  // A part of the client's first message has come, and not the whole. At most once.
  virtual void OnPartialHello() = 0;
  // The client's first message is whole; nothing has been done with it yet. False: the handler
  // has ended the connection, without destroying the acceptance.
  virtual bool OnHandshakeBegins() = 0;
  // The client's certificate does not verify, and the client is let in all the same:
  // OnAccepted() follows, with an identity without certificate.
  virtual void OnCertificateNotVerified(const tls::HandshakeReport& report) = 0;
  // Bytes may follow at once, through the stream's handler.
  virtual void OnAccepted(Accepted accepted) = 0;
  // The connection cannot be opened. The client may still be told why; the owner closes when
  // it thinks best.
  virtual void OnRefused(tls::HandshakeReport report) = 0;

 protected:
  ~AcceptHandler() = default;
};

// One connection's transport, from its acceptance to its end.
class Acceptance {
 public:
  virtual ~Acceptance() = default;
  // Begins; the handler may be called from inside. The stream has a handler by then.
  virtual void Begin() = 0;
  // The plaintext; valid as long as the acceptance.
  virtual io::ByteStream& stream() = 0;
  // What is known so far, for an acceptance that is given up from outside.
  virtual tls::HandshakeReport Report(base::HandshakeFailure reason, std::string detail) const = 0;
  // Why a session that the client wanted to resume was not; none: it had none, or it was.
  virtual std::optional<base::ResumptionRefusal> resumption_refusal() const = 0;
};

class Acceptor {
 public:
  virtual ~Acceptor() = default;
  // `handler` and the handler of the acceptance's stream outlive the acceptance.
  virtual std::unique_ptr<Acceptance> Accept(std::unique_ptr<io::ByteStream> transport,
                                             AcceptHandler& handler) const = 0;
};

}  // namespace mantlet::session

#endif  // MANTLET_PROXY_SESSION_ACCEPTOR_H_
