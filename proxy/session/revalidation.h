// Revalidation decides whether the client of an open connection is still acceptable: since the
// handshake, its certificate may have expired or been revoked, or its CA may have been removed.

#ifndef MANTLET_PROXY_SESSION_REVALIDATION_H_
#define MANTLET_PROXY_SESSION_REVALIDATION_H_

#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>

#include "config/config.h"
#include "proxy/base/end_reason.h"
#include "proxy/identity/peer_identity.h"
#include "proxy/session/listener_state.h"
#include "proxy/session/worker_context.h"
#include "proxy/verify/client_verdict_cache.h"

namespace mantlet::session {

// Termination is why a connection must end, and how.
struct Termination {
  base::EndReason reason;
  std::string detail;  // a sentence for operators
  config::OnInvalid action = config::OnInvalid::kDrain;
};

// Validity is the result of a validation.
struct Validity {
  std::optional<Termination> termination;  // nullopt if the connection may go on
  // If the connection may go on: the time of the next validation, in seconds since the epoch.
  int64_t valid_until = std::numeric_limits<int64_t>::max();
};

// RevalidationPhase is when a connection is validated. The value `ignore` of `on_expiry` and
// `on_revocation` applies to open connections only, not to the end of a handshake.
enum class RevalidationPhase { kHandshakeDone, kOpen };

// Revalidate decides whether `newest`, the listener's newest state, would accept the client;
// `newest` is null once the listener is gone. `verified` is the worker's cache: it affects the cost
// of a verdict, not the verdict.
Validity Revalidate(const ListenerState* newest, verify::ClientVerdictCache& verdicts,
                    const identity::PeerIdentity& peer, int64_t now, RevalidationPhase phase);

// NeedsRevalidation returns whether connections accepted under `before` must be validated under
// `after`, which is null if the listener is gone.
bool NeedsRevalidation(const ListenerState& before, const ListenerState* after);

// RecordTermination counts and logs a connection that is ended. Like all records that clients can
// cause, it is limited in rate. `state` is what the connection was doing.
void RecordTermination(WorkerContext& worker, const ListenerState& listener, std::string_view peer,
                       std::string_view state, const identity::PeerIdentity& identity,
                       const Termination& termination);

}  // namespace mantlet::session

#endif  // MANTLET_PROXY_SESSION_REVALIDATION_H_
