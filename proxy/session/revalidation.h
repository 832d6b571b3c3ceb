// Revalidation decides whether the client of an open connection would still be let in: its
// certificate may have expired, been revoked or lost its CA since the handshake.

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

// Why a connection is not to go on, and how it is to end.
struct Termination {
  base::EndReason reason;
  std::string detail;  // a sentence for operators
  config::OnInvalid action = config::OnInvalid::kDrain;
};

// Whether an open connection may go on.
struct Validity {
  std::optional<Termination> termination;  // none: it may
  // If it may: until this time, in seconds since the epoch, when it is validated again.
  int64_t valid_until = std::numeric_limits<int64_t>::max();
};

// When a connection is validated. What `on_expiry` and `on_revocation` say to ignore is
// ignored on open connections, and not at the end of a handshake.
enum class RevalidationPhase { kHandshakeDone, kOpen };

// Revalidate returns whether the client would be let in by `newest`, the listener's newest
// state; null once the listener is gone. `verified` is the worker's cache: it changes what a
// verdict costs, and nothing in it.
Validity Revalidate(const ListenerState* newest, verify::ClientVerdictCache& verified,
                    const identity::PeerIdentity& peer, int64_t now, RevalidationPhase phase);

// NeedsRevalidation returns whether connections that `before` let in must be validated by
// `after`. Null: the listener is gone.
bool NeedsRevalidation(const ListenerState& before, const ListenerState* after);

// RecordTermination counts a connection that is ended and logs it, bounded like all records
// that clients can provoke.
// `state`: what the connection was doing.
void RecordTermination(WorkerContext& worker, const ListenerState& listener, std::string_view peer,
                       std::string_view state, const identity::PeerIdentity& identity,
                       const Termination& termination);

}  // namespace mantlet::session

#endif  // MANTLET_PROXY_SESSION_REVALIDATION_H_
