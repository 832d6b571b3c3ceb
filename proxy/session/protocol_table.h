// ProtocolTable lists the protocols that a listener speaks, by their ALPN names (RFC 7301).
// Immutable; any thread.

#ifndef MANTLET_PROXY_SESSION_PROTOCOL_TABLE_H_
#define MANTLET_PROXY_SESSION_PROTOCOL_TABLE_H_

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "config/config.h"
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

  // `rows` must not be empty, and are in order of preference. Clients for which ALPN chose none
  // speak the protocol of the row with number `without_alpn`.
  explicit ProtocolTable(std::vector<Row> rows, size_t without_alpn = 0)
      : rows_(std::move(rows)), without_alpn_(without_alpn) {}

  // Returns the names of the rows, for tls::ServerContext::Options::protocols.
  std::vector<std::string> names() const;
  std::unique_ptr<Protocol> Make(std::string_view name, WorkerContext& worker,
                                 ProtocolHost& host) const;

 private:
  const std::vector<Row> rows_;
  const size_t without_alpn_;
};

// Returns the table of a listener with these protocols: HTTP/2, or HTTP/1.1 and with it HTTP/1.0,
// or both. Without ALPN, HTTP/1.1 is spoken where it is one of them.
std::shared_ptr<const ProtocolTable> HttpProtocols(
    const std::vector<config::HttpProtocol>& protocols);

}  // namespace mantlet::session

#endif  // MANTLET_PROXY_SESSION_PROTOCOL_TABLE_H_
