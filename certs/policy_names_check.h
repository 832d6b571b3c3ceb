// CheckPolicyNames compares the server names in policy rules with those of the certificates.

#ifndef MANTLET_CERTS_POLICY_NAMES_CHECK_H_
#define MANTLET_CERTS_POLICY_NAMES_CHECK_H_

#include "certs/diagnostic_sink.h"
#include "certs/generation.h"
#include "config/config.h"

namespace mantlet::certs {

// Warns about each `sni` that no certificate of the listener covers.
void CheckPolicyNames(const config::Listener& listener, const ListenerMaterial& material,
                      DiagnosticSink* sink);

}  // namespace mantlet::certs

#endif  // MANTLET_CERTS_POLICY_NAMES_CHECK_H_
