// What one worker needs to serve one listener under one configuration: immutable
// but for what is counted. A reload makes a new one; a connection moves on to the
// newest between two requests.

#ifndef MANTLET_PROXY_SESSION_LISTENER_STATE_H_
#define MANTLET_PROXY_SESSION_LISTENER_STATE_H_

#include <atomic>
#include <cstdint>
#include <memory>

#include "config/config.h"
#include "proxy/identity/strip_set.h"
#include "proxy/observe/metrics_shard.h"
#include "proxy/tls/server_context.h"
#include "proxy/upstream/pool.h"

namespace mantlet::session {

// Counted over all workers; the only thing they share per connection.
struct ListenerCounts {
  std::atomic<uint32_t> connections{0};
  std::atomic<uint32_t> handshakes{0};
};

struct ListenerState {
  config::Listener config;
  identity::StripSet strip;
  tls::ServerContextPtr tls;
  std::shared_ptr<upstream::Pool> pool;
  std::shared_ptr<ListenerCounts> counts;
  observe::ListenerMetrics* metrics = nullptr;  // of this worker's shard
  observe::RequestMetrics* requests = nullptr;
  observe::UpstreamMetrics* upstream_metrics = nullptr;
  observe::Counter* default_denials = nullptr;
};

// Where the newest state of a listener is found. One per worker and listener
// name; null once the listener is gone.
struct ListenerSlot {
  std::shared_ptr<const ListenerState> current;
};

}  // namespace mantlet::session

#endif  // MANTLET_PROXY_SESSION_LISTENER_STATE_H_
