// ProtocolTable lists the protocols that a listener speaks, by their ALPN names (RFC 7301).
// Immutable; any thread.

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
  // Creates the protocol of one connection. Both arguments must outlive it.
  using Factory =
      std::function<std::unique_ptr<Protocol>(WorkerContext& worker, ProtocolHost& host)>;
  struct Row {
    std::string name;  // as in ALPN: "http/1.1"
    Factory make;
  };

  // `rows` must not be empty. The first protocol is used for clients for which ALPN chose none.
  explicit ProtocolTable(std::vector<Row> rows) : rows_(std::move(rows)) {}

  // Returns the names of the rows, for tls::ServerContext::Options::protocols.
  std::vector<std::string> names() const;
  std::unique_ptr<Protocol> Make(std::string_view name, WorkerContext& worker,
                                 ProtocolHost& host) const;

 private:
  const std::vector<Row> rows_;
};

// Returns the table of every HTTP listener: HTTP/1.1 and HTTP/1.0.
std::shared_ptr<const ProtocolTable> HttpProtocols();

}  // namespace mantlet::session

#endif  // MANTLET_PROXY_SESSION_PROTOCOL_TABLE_H_
