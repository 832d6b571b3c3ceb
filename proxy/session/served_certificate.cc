#include "proxy/session/served_certificate.h"

#include "proxy/tls/server_context.h"

namespace mantlet::session {

bool ServedCertificate::restricts_hosts() const {
  return context != nullptr && context->options().client_auth != config::ClientAuthMode::kNone &&
         context->options().credentials.size() >= 2;
}

bool ServedCertificate::IsAuthoritativeFor(std::string_view host) const {
  return !restricts_hosts() || context->IsAuthoritativeFor(index, host, verifiable);
}

}  // namespace mantlet::session
