// StatusBoard gives the pure handlers of the metrics and admin endpoints (observe/endpoint.h)
// access to the running process. Main loop only. It must outlive the turns of the loop; the pages
// that take long are made on another thread or by the workers.

#ifndef MANTLET_PROXY_SERVER_STATUS_BOARD_H_
#define MANTLET_PROXY_SERVER_STATUS_BOARD_H_

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "config/config.h"
#include "proxy/base/clock.h"
#include "proxy/base/log.h"
#include "proxy/base/timer_wheel.h"
#include "proxy/io/loop.h"
#include "proxy/observe/endpoint.h"
#include "proxy/observe/metrics.h"
#include "proxy/server/background_thread.h"
#include "proxy/server/confinement.h"
#include "proxy/server/shared_page.h"
#include "proxy/server/snapshot.h"
#include "proxy/server/worker.h"

namespace mantlet::server {

class StatusBoard final : public observe::StatusSource {
 public:
  // The sources of the board's values. They must outlive the board.
  struct Sources {
    io::Loop& loop;
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
    std::function<void(Answer)> reload;
    std::function<void()> drain;
    std::function<const std::vector<std::unique_ptr<Worker>>&()> workers;
    // Runs `work` on another thread, and `done` on the main loop afterwards.
    std::function<void(BackgroundThread::Task work, BackgroundThread::Task done)> background;
  };

  explicit StatusBoard(Sources sources);

  std::vector<std::string> MissingForReadiness() const override;
  std::string LastReloadFailure() const override { return sources_.last_reload_failure(); }
  std::vector<std::string> Notes() const override { return sources_.notes(); }
  void MetricsText(const observe::Exposition& form, MetricsAnswer answer) override;
  void CertificatesJson(Answer answer) override { certificates_.Request(std::move(answer)); }
  std::string ConfigJson() const override;
  void ConnectionsJson(Answer answer) override { connections_.Request(std::move(answer)); }
  std::string Version() const override;
  int64_t UptimeSeconds() const override;
  void Reload(Answer done) override { sources_.reload(std::move(done)); }
  void DrainNow() override { sources_.drain(); }
  std::string LogLevel() const override;
  bool SetLogLevel(std::string_view level) override;

 private:
  // The summaries of the workers that have answered so far.
  struct Gathered {
    size_t missing = 0;
    std::vector<ConnectionSummary> all;
    SharedPage::Done done;
  };

  observe::ScrapeState StateForScrape() const;
  void RenderMetrics(const observe::Exposition& form, SharedPage::Done done);
  void RenderCertificates(SharedPage::Done done);
  void RenderConnections(SharedPage::Done done);
  void EndConnections();

  Sources sources_;
  // One for each form that a scraper may ask for; the last two are compressed.
  SharedPage text_{[this](auto done) { RenderMetrics({}, std::move(done)); }};
  SharedPage open_metrics_{
      [this](auto done) { RenderMetrics({.open_metrics = true}, std::move(done)); }};
  SharedPage text_gzip_{[this](auto done) { RenderMetrics({.gzip = true}, std::move(done)); }};
  SharedPage open_metrics_gzip_{
      [this](auto done) { RenderMetrics({.open_metrics = true, .gzip = true}, std::move(done)); }};
  SharedPage certificates_{[this](auto done) { RenderCertificates(std::move(done)); }};
  SharedPage connections_{[this](auto done) { RenderConnections(std::move(done)); }};
  std::shared_ptr<Gathered> gathered_;  // null if no page is in progress
  base::FunctionTimer late_{[this] { EndConnections(); }};
  int64_t started_us_;
};

// Returns the expiry times of certificates, trust anchors and revocation lists, for the metrics.
observe::Expiries ExpiriesOf(const certs::Generation& generation);
// Returns the limits of `config` for `workers` workers, for the metrics.
observe::Limits LimitsOf(const config::Config& config, size_t workers);

}  // namespace mantlet::server

#endif  // MANTLET_PROXY_SERVER_STATUS_BOARD_H_
