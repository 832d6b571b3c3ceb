// ProtocolTable lists the protocols that a listener speaks, by the names under which clients
// ask for them (ALPN, RFC 7301). Immutable; any thread.

#ifndef MANTLET_PROXY_SESSION_PROTOCOL_TABLE_H_
#define MANTLET_PROXY_SESSION_PROTOCOL_TABLE_H_

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "proxy/session/protocol.h"
#include "proxy/session/worker_context.h"

namespace mantlet::session {

class ProtocolTable {
 public:
  // Makes the protocol of one connection; both arguments outlive it.
  using Factory =
      std::function<std::unique_ptr<Protocol>(WorkerContext& worker, ProtocolHost& host)>;
  struct Row {
    std::string name;  // as in ALPN: "http/1.1"
    Factory make;
  };

  // At least one row. The first is spoken with clients for which ALPN has chosen none.
  explicit ProtocolTable(std::vector<Row> rows) : rows_(std::move(rows)) {}

  // The names of the rows, for tls::ServerContext::Options::protocols.
  std::vector<std::string> names() const;
  std::unique_ptr<Protocol> Make(std::string_view name, WorkerContext& worker,
                                 ProtocolHost& host) const;

 private:
  const std::vector<Row> rows_;
};

// HTTP/1.1 and HTTP/1.0: what a listener speaks with its clients.
std::shared_ptr<const ProtocolTable> HttpProtocols();

}  // namespace mantlet::session

#endif  // MANTLET_PROXY_SESSION_PROTOCOL_TABLE_H_
