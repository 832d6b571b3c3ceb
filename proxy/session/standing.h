// Whether the client of an open connection would still be let in: its certificate
// may have ended, been revoked or lost its CA since the handshake.

#ifndef MANTLET_PROXY_SESSION_STANDING_H_
#define MANTLET_PROXY_SESSION_STANDING_H_

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
#include "proxy/verify/verified_clients.h"

namespace mantlet::session {

// Why a connection is not to go on, and how it is to end.
struct Ending {
  base::EndReason reason;
  std::string detail;  // a sentence for operators
  config::OnInvalid action = config::OnInvalid::kDrain;
};

struct Standing {
  std::optional<Ending> ending;  // none: the connection may go on
  // If it may: until this moment, in seconds since the epoch; then judge again.
  int64_t valid_until = std::numeric_limits<int64_t>::max();
};

// When a connection is judged. What `on_expiry` and `on_revocation` tell to ignore is
// ignored on connections that were open, not for those that just come in.
enum class Moment { kHandshakeDone, kOpen };

// `newest`: the listener's newest state; null once it is gone. `verified`: the worker's; it
// changes what a verdict costs, and nothing in it.
Standing JudgeStanding(const ListenerState* newest, verify::VerifiedClients& verified,
                       const identity::PeerIdentity& peer, int64_t now, Moment moment);

// Whether connections that `before` let in must be judged again by `after`. Null: the
// listener is gone.
bool JudgesAnew(const ListenerState& before, const ListenerState* after);

// Counts it and leaves one log record, bounded like all that clients can provoke.
// `state`: what the connection was doing.
void RecordEnding(WorkerContext& worker, const ListenerState& listener, std::string_view peer,
                  std::string_view state, const identity::PeerIdentity& identity,
                  const Ending& ending);

}  // namespace mantlet::session

#endif  // MANTLET_PROXY_SESSION_STANDING_H_
