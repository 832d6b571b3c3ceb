// What one worker needs to serve one listener under one configuration: immutable
// but for what is counted. A reload makes a new one; a connection moves on to the
// newest between two requests.

#ifndef MANTLET_PROXY_SESSION_LISTENER_STATE_H_
#define MANTLET_PROXY_SESSION_LISTENER_STATE_H_

#include <cstdint>
#include <memory>
#include <vector>

#include "config/config.h"
#include "proxy/identity/strip_set.h"
#include "proxy/observe/metrics_shard.h"
#include "proxy/policy/policy.h"
#include "proxy/session/admission.h"
#include "proxy/upstream/pool.h"
#include "proxy/verify/client_verifier.h"

namespace mantlet::session {

class Acceptor;
class ProtocolTable;

struct ListenerState {
  config::Listener config;
  identity::StripSet strip;
  std::shared_ptr<const Acceptor> acceptor;
  std::shared_ptr<const ProtocolTable> protocols;
  // What validates the clients of open connections again; null: no client certificate is asked for.
  verify::ClientVerifierPtr verifier;
  std::shared_ptr<upstream::Pool> pool;
  std::shared_ptr<Admission> admission;
  observe::ListenerMetrics* metrics = nullptr;  // of this worker's shard
  observe::RequestMetrics* requests = nullptr;
  observe::UpstreamMetrics* upstream_metrics = nullptr;
  std::shared_ptr<const policy::Policy> policy;
  // By the number of the rule, the default's at the end; null for rules that never refuse.
  std::vector<observe::Counter*> denials;

  // Of `metrics`, for `policy`; when a configuration takes effect.
  void FindDenialCounters();
};

inline void ListenerState::FindDenialCounters() {
  denials.assign(policy->rule_count() + 1, nullptr);
  for (uint32_t rule = 0; rule < denials.size(); ++rule) {
    // The default's begins at 0 with the listener, whatever it is.
    if (policy->may_deny(rule) || rule == policy->rule_count())
      denials[rule] = &metrics->PolicyDenials(policy->rule_name(rule));
  }
}

// Where the newest state of a listener is found. One per worker and listener name.
struct ListenerSlot {
  std::shared_ptr<const ListenerState> current;  // null once the listener is gone
  // The last there was, for connections that its socket still takes in while it closes.
  std::shared_ptr<const ListenerState> last;

  const std::shared_ptr<const ListenerState>& newest() const {
    return current != nullptr ? current : last;
  }
};

}  // namespace mantlet::session

#endif  // MANTLET_PROXY_SESSION_LISTENER_STATE_H_
