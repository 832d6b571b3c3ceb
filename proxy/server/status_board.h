// StatusBoard gives the pure handlers of the metrics and admin endpoints (observe/endpoint.h)
// access to the running process. Main thread only.

#ifndef MANTLET_PROXY_SERVER_STATUS_BOARD_H_
#define MANTLET_PROXY_SERVER_STATUS_BOARD_H_

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "proxy/base/clock.h"
#include "proxy/base/log.h"
#include "proxy/observe/endpoint.h"
#include "proxy/observe/metrics.h"
#include "proxy/server/confinement.h"
#include "proxy/server/snapshot.h"
#include "proxy/server/worker.h"

namespace mantlet::server {

class StatusBoard final : public observe::StatusSource {
 public:
  // The sources of the board's values. They must outlive the board.
  struct Sources {
    const base::Clock& clock;
    base::Logger& logger;
    observe::Metrics& metrics;
    std::function<SnapshotPtr()> snapshot;
    const ConfinementReport& confinement;
    std::function<bool()> listening;
    std::function<bool()> draining;
    std::function<std::string()> last_reload_failure;
    std::function<std::map<std::string, std::string>()> listeners_pending;  // with the reason
    std::function<std::vector<std::string>()> not_ready;                    // reasons of upstreams
    std::function<std::vector<std::string>()> notes;
    std::function<void(std::function<void(const std::string&)>)> reload;
    std::function<void()> drain;
    std::function<const std::vector<std::unique_ptr<Worker>>&()> workers;
  };

  explicit StatusBoard(Sources sources);

  std::vector<std::string> MissingForReadiness() const override;
  std::string LastReloadFailure() const override { return sources_.last_reload_failure(); }
  std::vector<std::string> Notes() const override { return sources_.notes(); }
  std::string MetricsText() const override { return sources_.metrics.Render(); }
  std::string CertificatesJson() const override;
  std::string ConfigJson() const override;
  std::string ConnectionsJson() const override;
  std::string Version() const override;
  int64_t UptimeSeconds() const override;
  void Reload(std::function<void(const std::string&)> done) override {
    sources_.reload(std::move(done));
  }
  void DrainNow() override { sources_.drain(); }
  std::string LogLevel() const override;
  bool SetLogLevel(std::string_view level) override;

 private:
  Sources sources_;
  int64_t started_us_;
};

// Returns the expiry times of certificates, trust anchors and revocation lists, for the metrics.
observe::Expiries ExpiriesOf(const certs::Generation& generation);

}  // namespace mantlet::server

#endif  // MANTLET_PROXY_SERVER_STATUS_BOARD_H_
