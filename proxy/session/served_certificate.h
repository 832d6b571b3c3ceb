// ServedCertificate identifies the server certificate of a connection and decides for which hosts
// the connection is authoritative (RFC 9110, sections 7.4 and 15.5.20). A plain value, valid while
// the connection keeps its TLS context alive.

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
  const tls::ServerContext* context = nullptr;  // null if no certificate was served
  size_t index = 0;                             // index in the context
  x509::LeafKeySet verifiable;                  // key types whose signatures the client can verify

  // Returns whether IsAuthoritativeFor() can return false for some host.
  bool restricts_hosts() const;
  // Returns whether a request for `host` (lower case, without port) may use the connection. With
  // client authentication and several certificates, the host must be one that would have been
  // served the same certificate, because other hosts may have other rules.
  bool IsAuthoritativeFor(std::string_view host) const;
};

}  // namespace mantlet::session

#endif  // MANTLET_PROXY_SESSION_SERVED_CERTIFICATE_H_
