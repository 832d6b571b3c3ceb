// Metrics holds all metrics of the process: one shard for each worker, and the values of the main
// thread (certificates, reloads, draining). The composition root owns it and passes it by
// reference; it must outlive the workers. proxy/observe/README.md lists every metric, and a test
// compares the two.
//
// Every method may be called from any thread and takes a lock, for a short time. None is called for
// a request; the methods of metrics_shard.h are.

#ifndef MANTLET_PROXY_OBSERVE_METRICS_H_
#define MANTLET_PROXY_OBSERVE_METRICS_H_

#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "proxy/base/memory_budget.h"
#include "proxy/observe/exposition.h"
#include "proxy/observe/metrics_shard.h"

namespace mantlet::observe {

// Returns the version of prometheus-cpp that this was built with, such as "1.0.1".
std::string PrometheusCppVersion();

// Expiries lists the certificates, CRLs and OCSP responses of the running configuration with their
// expiry times.
struct Expiries {
  struct Certificate {
    std::string listener, file, subject, serial;
    int64_t not_after = 0;  // seconds since the epoch
    int64_t not_before = 0;
  };
  struct TrustAnchor {
    std::string listener, file, subject, serial;
    std::string trust_domain;  // a SPIFFE trust domain; empty for an anchor of the trust bundle
    int64_t not_after = 0;
  };
  struct Crl {
    std::string listener, file, issuer;
    int64_t next_update = 0;
    int64_t this_update = 0;
  };
  struct OcspResponse {
    std::string listener, file;
    int64_t next_update = 0;
    int64_t this_update = 0;
  };
  std::vector<Certificate> certificates = {};
  std::vector<TrustAnchor> trust_anchors = {};
  std::vector<Crl> crls = {};
  std::vector<OcspResponse> ocsp_responses = {};
  // CAs that have no revocation list although lists are in use.
  struct WithoutCrl {
    std::string listener, issuer;
  };
  std::vector<WithoutCrl> without_crl = {};
};

// Limits lists the configured limits that are exported beside what they limit; 0: no limit.
struct Limits {
  struct Listener {
    uint64_t connections = 0;
    uint64_t handshakes = 0;
    uint64_t handshakes_per_second = 0;
    uint64_t streams = 0;  // of each connection
  };
  // Of all workers together.
  struct Upstream {
    uint64_t connections = 0;
    uint64_t pending = 0;
  };
  std::map<std::string, Listener> listeners = {};
  std::map<std::string, Upstream> upstreams = {};
  uint64_t client_fds = 0;
};

// ScrapeState has the values that are not counted but read for each scrape.
struct ScrapeState {
  int64_t now = 0;                                  // seconds since the epoch
  bool ready = false;                               // as /readyz reports
  std::map<std::string, uint32_t> handshakes = {};  // in progress, by listener
};

class Metrics {
 public:
  // Labels of mantlet_build_info: {"version", "0.1.0"}, {"commit", …}, {"boringssl", …}, …
  using BuildInfo = std::vector<std::pair<std::string, std::string>>;

  explicit Metrics(BuildInfo build_info);
  ~Metrics();
  Metrics(const Metrics&) = delete;
  Metrics& operator=(const Metrics&) = delete;

  // Returns a new shard, which one thread may write. It lives as long as this object.
  MetricsShard& AddShard();

  // Replaces all expiries; entries that are not in `expiries` are no longer exported. Not null.
  void SetExpiries(std::shared_ptr<const Expiries> expiries);

  // Replaces all limits.
  void SetLimits(Limits limits);

  // Which mechanisms of the sandbox are on, by name.
  void SetSandbox(std::map<std::string, bool> mechanisms);

  void ReloadSucceeded(int64_t wall_seconds);
  // Some listeners use the files on disk, others keep their old ones.
  void ReloadPartial();
  void ReloadFailed();
  // Sets whether the files on disk differ from those in use.
  void SetReloadPending(bool pending);
  // Sets the same for each listener; replaces all entries.
  void SetListenersPending(std::map<std::string, bool> listeners);
  bool reload_pending() const;
  // The files are read from now on, or not any more.
  void SetReloadInProgress(bool in_progress);
  void SetDraining(bool draining);
  // An upgrade (`upgrade:`) has ended: of this process by another, or of another by this one.
  enum class Upgrade { kReplaced, kNotReplaced, kTookOver, kTookOverUnconfirmed };
  void UpgradeEnded(Upgrade result);
  // Sets the number of addresses of an upstream; 0 while its name has none.
  void SetUpstreamAddresses(const std::string& upstream, size_t count);
  void RemoveUpstreamAddresses(const std::string& upstream);
  // Sets the number of addresses of an upstream whose circuit is open.
  void SetUpstreamCircuitsOpen(const std::string& upstream, size_t count);
  void RemoveUpstreamCircuits(const std::string& upstream);
  // Sets the number of addresses of an upstream that pass their health checks.
  void SetUpstreamHealthy(const std::string& upstream, size_t count);
  void RemoveUpstreamHealthy(const std::string& upstream);
  // A lookup of the upstream's name has failed.
  void UpstreamResolveFailed(const std::string& upstream);
  // `memory` outlives this object's last Render().
  void SetMemoryBudget(const base::MemoryBudget* memory);
  // `count` is called at each scrape, on the scrape's thread.
  void SetAccessLogDropped(std::function<uint64_t()> count);

  // Returns the exposition in the format of `form`, not compressed. Takes some milliseconds, and a
  // hundred with ten thousand trust anchors; other methods do not wait for it.
  std::string Render(const ScrapeState& state = {}, const Exposition& form = {}) const;

 private:
  friend class MetricsCollector;

  struct ProcessWide {
    std::shared_ptr<const Expiries> expiries = std::make_shared<const Expiries>();
    Limits limits;
    uint64_t reloads_succeeded = 0;
    uint64_t reloads_partial = 0;
    uint64_t reloads_failed = 0;
    int64_t last_success = 0;
    bool pending = false;
    std::optional<std::chrono::steady_clock::time_point> reading_since;
    std::map<std::string, bool> listeners_pending;
    bool draining = false;
    std::array<uint64_t, 4> upgrades = {};  // by Upgrade
    std::map<std::string, bool> sandbox;
    std::function<uint64_t()> access_log_dropped;
    const base::MemoryBudget* memory = nullptr;
    std::map<std::string, size_t> upstream_addresses;
    std::map<std::string, uint64_t> upstream_resolve_failures;
    std::map<std::string, size_t> upstream_circuits_open;
    std::map<std::string, size_t> upstream_healthy;
  };

  const BuildInfo build_info_;
  mutable std::mutex mutex_;
  std::vector<std::unique_ptr<MetricsShard>> shards_;
  ProcessWide process_wide_;
};

}  // namespace mantlet::observe

#endif  // MANTLET_PROXY_OBSERVE_METRICS_H_
