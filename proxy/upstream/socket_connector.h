// SocketConnector connects to TCP and Unix sockets, in plaintext. One loop's thread only.

#ifndef MANTLET_PROXY_UPSTREAM_SOCKET_CONNECTOR_H_
#define MANTLET_PROXY_UPSTREAM_SOCKET_CONNECTOR_H_

#include <memory>

#include "proxy/io/loop.h"
#include "proxy/upstream/connector.h"

namespace mantlet::upstream {

class SocketConnector final : public Connector {
 public:
  // `loop` must outlive the connector and its attempts.
  explicit SocketConnector(io::Loop& loop) : loop_(loop) {}

  std::unique_ptr<Attempt> Connect(const io::SocketAddress& address, Callback done) override;

 private:
  io::Loop& loop_;
};

}  // namespace mantlet::upstream

#endif  // MANTLET_PROXY_UPSTREAM_SOCKET_CONNECTOR_H_
