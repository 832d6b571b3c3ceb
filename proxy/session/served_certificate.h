// ServedCertificate names the server certificate that a connection began with, and answers
// for which hosts the connection is authoritative (RFC 9110, sections 7.4 and 15.5.20).
// A plain value; valid while the connection keeps its TLS context alive.

#ifndef MANTLET_PROXY_SESSION_SERVED_CERTIFICATE_H_
#define MANTLET_PROXY_SESSION_SERVED_CERTIFICATE_H_

#include <cstddef>
#include <string_view>

#include "proxy/x509/leaf_key.h"

namespace mantlet::tls {
class ServerContext;
}

namespace mantlet::session {

struct ServedCertificate {
  const tls::ServerContext* context = nullptr;  // null: no certificate was served
  size_t index = 0;                             // among the context's
  x509::LeafKeySet verifiable;                  // the keys whose signatures the client verifies

  // Whether IsAuthoritativeFor() may be false for some host.
  bool restricts_hosts() const;
  // Returns whether a request for `host` (in lower case, without port) may come over the
  // connection: with client authentication and several certificates, only one that would have
  // been served the same certificate, because another host may have other rules.
  bool IsAuthoritativeFor(std::string_view host) const;
};

}  // namespace mantlet::session

#endif  // MANTLET_PROXY_SESSION_SERVED_CERTIFICATE_H_
