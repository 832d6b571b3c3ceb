// ValidateTicket decides whether a client may resume the session of its ticket. On a server
// the library resumes whatever the ticket holds and verifies nothing again, so this comes
// before: the ticket must be ours, its session within its terms, and the client's chain
// valid by the present rules.
//
// The decision falls when the ticket is opened and not after the handshake: a client that
// is rejected gets a full handshake, in which it may present a newer certificate, or learns
// from the alert what is wrong with this one.

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
  // The verdict's; INT64_MAX without a certificate.
  int64_t valid_until = 0;
  std::string session;  // for the library
};

// Sets `resumption`, or returns why the ticket is not accepted. `server_name` is that of the
// present ClientHello. `context` has tickets.
std::optional<base::ResumptionRefusal> ValidateTicket(const ServerContext& context,
                                                      verify::ClientVerdictCache& verdicts,
                                                      std::string_view ticket,
                                                      std::string_view server_name,
                                                      std::optional<Resumption>* resumption);

}  // namespace mantlet::tls

#endif  // MANTLET_PROXY_TLS_RESUMPTION_H_
