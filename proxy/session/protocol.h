// The seam between a client connection and the protocol that is spoken on it. A connection
// sets up the transport, knows who the client is and when it must end; a protocol reads and
// writes bytes and knows when something is under way. HTTP/1 is http1_session.h.
//
// Everything here belongs to one loop's thread.

#ifndef MANTLET_PROXY_SESSION_PROTOCOL_H_
#define MANTLET_PROXY_SESSION_PROTOCOL_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>

#include "proxy/base/proxy_error.h"
#include "proxy/io/byte_stream.h"
#include "proxy/session/client_facts.h"
#include "proxy/session/listener_state.h"

namespace mantlet::session {

// What a connection is doing, for the admin endpoint and the log.
enum class Activity : uint8_t { kIdle, kRequest, kTunnel };

// How a protocol is asked to end.
enum class StopMode : uint8_t {
  // The listener closes or the process drains: a request that is on its way is answered, and
  // the answer is the last one. An idle connection is read for ProtocolHost::idle_grace_ms().
  kDrain,
  // No further request begins; what is under way is the last. An idle connection ends.
  kAfterCurrent,
  kNow,  // what is under way is cut
};

// How a connection is closed.
enum class CloseMode : uint8_t {
  kClose,   // after everything written has left
  kLinger,  // the same, but the client is read for a moment, so that no reset overtakes the end
  kAbort,   // at once, and so that the client cannot take it for a proper end
  kClosed,  // both sides have ended already
};

// What a protocol may ask of its connection.
class ProtocolHost {
 public:
  // The connection's stream. Its events go to the protocol until it sets another handler.
  virtual io::ByteStream& stream() = 0;
  // Makes the stream's events go to the protocol again.
  virtual void RestoreHandler() = 0;
  virtual const ClientFacts& client() = 0;
  // The state that the connection works with, and the newest one: to be used from the next
  // request on.
  virtual const std::shared_ptr<const ListenerState>& listener() = 0;
  virtual const std::shared_ptr<const ListenerState>& RefreshListener() = 0;
  // Called before a request is read. False: the client would not be let in any more, and the
  // connection has been ended.
  virtual bool MayBegin() = 0;
  // Whether the client will be validated again within idle_grace_ms(): then a response says
  // that it is the last one.
  virtual bool expires_soon() const = 0;
  // Whether the answer that is written next is the last: the process drains, or the listener
  // is gone.
  virtual bool leaving() const = 0;
  // How long an idle connection that is to end is still read.
  virtual int64_t idle_grace_ms() const = 0;
  // A tunnel has begun: the policy may have changed since its request.
  virtual void OnTunnelBegins() = 0;
  // Closes the connection. The protocol gets no more events, and is destroyed later.
  virtual void Done(CloseMode mode) = 0;

 protected:
  ~ProtocolHost() = default;
};

class Protocol {
 public:
  virtual ~Protocol() = default;

  // Events of the stream, as in io::ByteStreamHandler.
  virtual void OnBytes(std::string_view bytes) = 0;
  virtual void OnEnd() = 0;
  virtual void OnDrained() = 0;
  virtual void OnLost(const io::StreamError& error) = 0;

  // `why` is recorded for what is cut, and for a tunnel that is to end. May be called several
  // times, with a stricter mode.
  virtual void Stop(StopMode mode, std::optional<base::ProxyError> why) = 0;
  // Returns what to end the connection with, if the policy of `listener`, a newer state, would
  // refuse what is under way and outlasts a request: a tunnel.
  virtual std::optional<base::ProxyError> Recheck(const ListenerState& listener) = 0;

  virtual Activity activity() const = 0;
  virtual uint64_t requests() const = 0;  // that have begun
};

}  // namespace mantlet::session

#endif  // MANTLET_PROXY_SESSION_PROTOCOL_H_
