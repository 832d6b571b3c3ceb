// ClientFacts holds the properties of a connection and its client that every request on it uses.
// The connection owns them and outlives its exchanges. One loop's thread only.

#ifndef MANTLET_PROXY_SESSION_CLIENT_FACTS_H_
#define MANTLET_PROXY_SESSION_CLIENT_FACTS_H_

#include <string>
#include <string_view>

#include "proxy/identity/identity_headers.h"
#include "proxy/identity/peer_identity.h"
#include "proxy/session/served_certificate.h"

namespace mantlet::session {

struct ClientFacts {
  identity::RenderedIdentity identity;
  std::string client_address;   // for X-Forwarded-For: without port; empty for a Unix socket
  std::string access_log_part;  // observe::RenderAccessConnection()
  // The identity that `identity` was rendered from; null if nothing is known about the client.
  const identity::PeerIdentity* peer = nullptr;
  std::string_view peer_address = {};  // with port, for the log
  std::string_view scheme = "https";   // of the connection, for X-Forwarded-Proto; a literal
  ServedCertificate served = {};
};

}  // namespace mantlet::session

#endif  // MANTLET_PROXY_SESSION_CLIENT_FACTS_H_
