// The interfaces between a client connection and the protocol spoken on it. The connection sets up
// the transport, knows who the client is and when the connection must end. The protocol reads and
// writes bytes and knows whether a request is under way. http1_session.h implements HTTP/1.
//
// Everything here belongs to one loop's thread.

#ifndef MANTLET_PROXY_SESSION_PROTOCOL_H_
#define MANTLET_PROXY_SESSION_PROTOCOL_H_

#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <string_view>

#include "proxy/base/proxy_error.h"
#include "proxy/io/byte_stream.h"
#include "proxy/session/client_facts.h"
#include "proxy/session/listener_state.h"

namespace mantlet::session {

// Activity is what a connection is doing, for the admin endpoint and the log.
enum class Activity : uint8_t { kIdle, kRequest, kTunnel };

// StopMode is how a protocol must stop.
enum class StopMode : uint8_t {
  // The listener closes or the process drains. A request in flight is answered, and that response
  // is the last. An idle connection is read for another ProtocolHost::idle_grace_ms().
  kDrain,
  // No further request begins; the one in flight is the last. An idle connection ends.
  kAfterCurrent,
  kNow,  // the request in flight is cut
};

// CloseMode is how a connection is closed.
enum class CloseMode : uint8_t {
  kClose,   // after everything written has been sent
  kLinger,  // the same, but the client is read for a moment longer, so that no reset discards the
            // last bytes
  kAbort,   // immediately, and in a way that the client cannot mistake for a proper end
  kClosed,  // both sides have ended already
};

// ProtocolHost is the interface that a connection offers to its protocol.
class ProtocolHost {
 public:
  // Returns the connection's stream. Its events go to the protocol unless another handler is set.
  virtual io::ByteStream& stream() = 0;
  // Directs the stream's events to the protocol again.
  virtual void RestoreHandler() = 0;
  virtual const std::shared_ptr<const ClientFacts>& client() = 0;
  // listener() returns the state that the connection uses now. RefreshListener() switches to the
  // newest state and returns it; it is called before each request.
  virtual const std::shared_ptr<const ListenerState>& listener() = 0;
  virtual const std::shared_ptr<const ListenerState>& RefreshListener() = 0;
  // Called before a request is read, also while others are in flight. Returns false if the client
  // is no longer acceptable: then no request begins. Stop() has been called, possibly from inside
  // this call, and the connection ends with what is in flight, or has ended.
  virtual bool MayBegin() = 0;
  // Returns whether the client will be validated again within idle_grace_ms(). The response then
  // announces the close of the connection.
  virtual bool expires_soon() const = 0;
  // Returns whether the next response is the last: the process drains, or the listener is gone.
  virtual bool leaving() const = 0;
  // Returns how long an idle connection that is to end is still read.
  virtual int64_t idle_grace_ms() const = 0;
  // Returns how long the connection may still begin requests because of limits.connection_age:
  // kNoAgeLimit if there is none, 0 or less if it is to end.
  static constexpr int64_t kNoAgeLimit = std::numeric_limits<int64_t>::max();
  virtual int64_t age_left_ms() const = 0;
  // A tunnel has begun. The policy may have changed since its request.
  virtual void OnTunnelBegins() = 0;
  // Closes the connection. The protocol receives no more events and is destroyed later, not from
  // inside this call. Called once.
  virtual void Done(CloseMode mode) = 0;

 protected:
  ~ProtocolHost() = default;
};

// Protocol is what is spoken on one connection. It keeps every deadline
// (listener()->config.timeouts, with timers of the worker's loop) and the back-pressure of the
// client: while the connection is open, it has no deadline of its own. The connection stays open
// until ProtocolHost::Done().
class Protocol {
 public:
  virtual ~Protocol() = default;

  // Events of the stream, with the meaning of io::ByteStreamHandler. The stream is being read.
  virtual void OnBytes(std::string_view bytes) = 0;
  // The client sends no more. Done() follows when nothing is in flight, now or later.
  virtual void OnEnd() = 0;
  virtual void OnDrained() = 0;
  // The stream is dead. What is in flight is cancelled, and Done() follows at once.
  virtual void OnLost(const io::StreamError& error) = 0;

  // Stop ends the protocol as `mode` demands, which leads to Done(): from inside this call for
  // kNow, and for kAfterCurrent while idle. Idle means that activity() is kIdle. `why` is recorded
  // for a request that is cut and for a tunnel that ends. May be called several times, each time
  // with a stricter mode.
  virtual void Stop(StopMode mode, std::optional<base::ProxyError> error) = 0;
  // Recheck asks the policy of `listener`, a newer state, about the tunnel, if there is one.
  // Returns the error to end the connection with if the policy denies it.
  virtual std::optional<base::ProxyError> Recheck(const ListenerState& listener) = 0;

  // Returns what is spoken, as ALPN names it, for the admin endpoint.
  virtual std::string_view name() const = 0;
  virtual Activity activity() const = 0;
  // Returns how many requests are in flight.
  virtual size_t streams() const { return activity() == Activity::kIdle ? 0 : 1; }
  virtual uint64_t requests() const = 0;  // number of requests begun
  // Returns the bytes that it holds for its client and for the upstream, more or less: a measure to
  // find who holds the most.
  virtual size_t held() const { return 0; }
};

}  // namespace mantlet::session

#endif  // MANTLET_PROXY_SESSION_PROTOCOL_H_
