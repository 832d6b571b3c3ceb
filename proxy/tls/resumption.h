// ValidateTicket decides whether a client may resume the session of its ticket. The library resumes
// any session that a ticket contains, without verifying the chain again, so these checks come
// first: the ticket was sealed by this server, the session is within its terms, and the client's
// chain is valid under the current rules.
//
// The decision is made when the ticket is opened, not after the handshake. So a client that is
// rejected gets a full handshake, in which it may present a newer certificate or receives an alert
// with the reason.

#ifndef MANTLET_PROXY_TLS_RESUMPTION_H_
#define MANTLET_PROXY_TLS_RESUMPTION_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "proxy/base/resumption_refusal.h"
#include "proxy/identity/peer_identity.h"
#include "proxy/tls/server_context.h"
#include "proxy/tls/session_tickets.h"
#include "proxy/verify/client_verdict_cache.h"

namespace mantlet::tls {

struct Resumption {
  SessionTerms terms;
  std::shared_ptr<const identity::ClientCertificate> certificate;  // null: the session has none
  // The time until which the chain is valid; INT64_MAX without a certificate.
  int64_t valid_until = 0;
  std::string session;  // serialized, for the library
};

// Sets `resumption`, or returns why the ticket is not accepted. `server_name` is the name in the
// current ClientHello. `context` must have tickets.
std::optional<base::ResumptionRefusal> ValidateTicket(const ServerContext& context,
                                                      verify::ClientVerdictCache& verdicts,
                                                      std::string_view ticket,
                                                      std::string_view server_name,
                                                      std::optional<Resumption>* resumption);

}  // namespace mantlet::tls

#endif  // MANTLET_PROXY_TLS_RESUMPTION_H_
