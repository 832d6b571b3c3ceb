// Connector opens connections to an upstream. SocketConnector (socket_connector.h) uses sockets;
// tests use one in memory. One loop's thread only.

#ifndef MANTLET_PROXY_UPSTREAM_CONNECTOR_H_
#define MANTLET_PROXY_UPSTREAM_CONNECTOR_H_

#include <functional>
#include <memory>
#include <variant>

#include "proxy/io/byte_stream.h"
#include "proxy/io/socket_address.h"

namespace mantlet::upstream {

class Connector {
 public:
  // Connected holds a connection that is ready for requests: its stream has no handler and is not
  // being read.
  struct Connected {
    std::unique_ptr<io::ByteStream> stream;
  };
  using Outcome = std::variant<Connected, io::StreamError>;
  using Callback = std::function<void(Outcome outcome)>;

  // Attempt is a connection attempt in progress. Its destructor cancels it; `done` is not called
  // afterwards.
  class Attempt {
   public:
    virtual ~Attempt() = default;
  };

  virtual ~Connector() = default;

  // Connect starts an attempt. `done` is called once, never from inside this call; it may destroy
  // the attempt. The attempt has no timeout; the caller cancels it in time.
  virtual std::unique_ptr<Attempt> Connect(const io::SocketAddress& address, Callback done) = 0;
};

}  // namespace mantlet::upstream

#endif  // MANTLET_PROXY_UPSTREAM_CONNECTOR_H_
