// ListenerState is everything one worker needs to serve one listener under one configuration. It is
// immutable except for the counters. A reload creates a new one; open connections switch to the
// newest state between two requests.

#ifndef MANTLET_PROXY_SESSION_LISTENER_STATE_H_
#define MANTLET_PROXY_SESSION_LISTENER_STATE_H_

#include <cstdint>
#include <memory>
#include <vector>

#include "config/config.h"
#include "proxy/http/message.h"
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
  // Validates the clients of open connections again; null if no client certificate is requested.
  verify::ClientVerifierPtr verifier;
  std::shared_ptr<upstream::Pool> pool;
  // The pool for requests that come over HTTP/2, if it is another one; otherwise null.
  std::shared_ptr<upstream::Pool> pool_h2;
  std::shared_ptr<Admission> admission;
  observe::ListenerMetrics* metrics = nullptr;  // of this worker's shard
  observe::RequestMetrics* requests = nullptr;
  observe::UpstreamMetrics* upstream_metrics = nullptr;
  std::shared_ptr<const policy::Policy> policy;
  // Indexed by rule number, with the default last; null for rules that never deny.
  std::vector<observe::Counter*> denials;

  // Returns the pool for requests of this version.
  upstream::Pool& PoolFor(http::Version version) const {
    return pool_h2 != nullptr && version == http::Version::kHttp2 ? *pool_h2 : *pool;
  }
  // Fills `denials` with the counters of `metrics` for `policy`. Called when a configuration takes
  // effect.
  void FindDenialCounters();
};

inline void ListenerState::FindDenialCounters() {
  denials.assign(policy->rule_count() + 1, nullptr);
  for (uint32_t rule = 0; rule < denials.size(); ++rule) {
    // The default's counter is always exported, starting at 0.
    if (policy->may_deny(rule) || rule == policy->rule_count())
      denials[rule] = &metrics->PolicyDenials(policy->rule_name(rule));
  }
}

// ListenerSlot holds the newest state of a listener. There is one per worker and listener name.
struct ListenerSlot {
  std::shared_ptr<const ListenerState> current;  // null once the listener is gone
  // The last state, for connections that the socket still accepts while it closes.
  std::shared_ptr<const ListenerState> last;

  const std::shared_ptr<const ListenerState>& newest() const {
    return current != nullptr ? current : last;
  }
};

}  // namespace mantlet::session

#endif  // MANTLET_PROXY_SESSION_LISTENER_STATE_H_
