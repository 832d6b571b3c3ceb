// Connector opens connections to an upstream: over a socket (socket_connector.h), or in
// memory in tests. One loop's thread only.

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
  // A connection over which a request can be sent.
  struct Connected {
    std::unique_ptr<io::ByteStream> stream;
  };
  using Outcome = std::variant<Connected, io::StreamError>;
  using Callback = std::function<void(Outcome outcome)>;

  // An attempt under way. Its destructor ends it; `done` is not called afterwards.
  class Attempt {
   public:
    virtual ~Attempt() = default;
  };

  virtual ~Connector() = default;

  // Connect begins an attempt. `done` is called once, later and never from inside this call;
  // it may destroy the attempt. It has no time limit of its own: the caller has one.
  virtual std::unique_ptr<Attempt> Connect(const io::SocketAddress& address, Callback done) = 0;
};

}  // namespace mantlet::upstream

#endif  // MANTLET_PROXY_UPSTREAM_CONNECTOR_H_
