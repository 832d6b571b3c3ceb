#include "proxy/server/status_board.h"

#include <utility>

#include "proxy/base/process_setup.h"
#include "proxy/base/text.h"
#include "proxy/io/listener.h"
#include "proxy/observe/gzip.h"
#include "proxy/server/build_info.h"
#include "proxy/server/status_json.h"

namespace mantlet::server {
namespace {

constexpr size_t kMaxConnectionsShown = 1000;
// The time to wait for the workers' answers. A worker answers within one turn of its loop; if one
// does not, the page shows that.
constexpr int64_t kWorkerAnswerMs = 500;

}  // namespace

StatusBoard::StatusBoard(Sources sources)
    : sources_(std::move(sources)), started_us_(sources_.clock.MonotonicUs()) {}

std::vector<std::string> StatusBoard::MissingForReadiness() const {
  std::vector<std::string> missing;
  if (sources_.draining()) missing.push_back("the drain has begun");
  if (!sources_.listening()) missing.push_back("not every listener is bound");
  for (std::string& sentence : sources_.not_ready()) missing.push_back(std::move(sentence));
  const SnapshotPtr snapshot = sources_.snapshot();
  if (snapshot == nullptr) return missing;
  const int64_t now = sources_.clock.WallSeconds();
  for (const certs::ListenerMaterial& listener : snapshot->generation->listeners) {
    for (const certs::ServerCertificate& certificate : listener.certificates) {
      if (certificate.leaf->not_after() >= now) continue;
      missing.push_back("listener '" + listener.listener + "': the certificate of " +
                        certificate.chain_file + " expired at " +
                        base::Rfc3339Seconds(certificate.leaf->not_after()));
    }
  }
  return missing;
}

observe::ScrapeState StatusBoard::StateForScrape() const {
  observe::ScrapeState state = {.now = sources_.clock.WallSeconds(),
                                .ready = MissingForReadiness().empty()};
  const SnapshotPtr snapshot = sources_.snapshot();
  if (snapshot == nullptr) return state;
  for (const ListenerSnapshot& listener : snapshot->listeners) {
    state.handshakes[listener.config.name] = listener.admission->handshakes();
  }
  return state;
}

void StatusBoard::MetricsText(const observe::Exposition& form, MetricsAnswer answer) {
  SharedPage& plain = form.open_metrics ? open_metrics_ : text_;
  SharedPage& gzip = form.open_metrics ? open_metrics_gzip_ : text_gzip_;
  SharedPage& page = form.gzip ? gzip : plain;
  page.Request([form, &plain, answer = std::move(answer)](const std::string& text) {
    if (!form.gzip || !text.empty()) return answer(text, form);
    // There was no memory to compress it.
    plain.Request([form, answer](const std::string& uncompressed) {
      answer(uncompressed, {.open_metrics = form.open_metrics});
    });
  });
}

void StatusBoard::RenderMetrics(const observe::Exposition& form, SharedPage::Done done) {
  auto page = std::make_shared<std::string>();
  sources_.background(
      [page, form, state = StateForScrape(), &metrics = sources_.metrics] {
        *page = metrics.Render(state, form);
        if (form.gzip) *page = observe::Gzip(*page).value_or("");
      },
      [page, done = std::move(done)] { done(*page); });
}

void StatusBoard::RenderCertificates(SharedPage::Done done) {
  auto page = std::make_shared<std::string>();
  const ReloadState reload = {sources_.metrics.reload_pending(), sources_.last_reload_failure(),
                              sources_.listeners_pending()};
  sources_.background(
      [page, reload, snapshot = sources_.snapshot()] {
        *page = CertificatesAsJson(*snapshot->generation, reload);
      },
      [page, done = std::move(done)] { done(*page); });
}

std::string StatusBoard::ConfigJson() const {
  return ConfigAsJson(sources_.snapshot()->config, sources_.confinement);
}

// Each worker answers on its own thread; those that do not answer in time are not shown.
void StatusBoard::RenderConnections(SharedPage::Done done) {
  gathered_ = std::make_shared<Gathered>();
  gathered_->missing = sources_.workers().size();
  gathered_->done = std::move(done);
  sources_.loop.ArmIn(late_, kWorkerAnswerMs);
  for (const auto& worker : sources_.workers()) {
    worker->Summarize(kMaxConnectionsShown, [this, gathered = gathered_](auto some) mutable {
      sources_.loop.Post([this, gathered = std::move(gathered), some = std::move(some)]() mutable {
        if (gathered != gathered_) return;  // too late
        for (ConnectionSummary& one : some) gathered->all.push_back(std::move(one));
        if (--gathered->missing == 0) EndConnections();
      });
    });
  }
}

void StatusBoard::EndConnections() {
  sources_.loop.timers().Cancel(late_);
  const std::shared_ptr<Gathered> gathered = std::exchange(gathered_, nullptr);
  std::vector<ConnectionSummary>& all = gathered->all;
  if (all.size() > kMaxConnectionsShown) all.resize(kMaxConnectionsShown);
  gathered->done(ConnectionsAsJson(all));
}

std::string StatusBoard::Version() const {
  const BuildInfo build = ThisBuild();
  return "mantlet " + build.version + " (" + build.commit + ")";
}

int64_t StatusBoard::UptimeSeconds() const {
  return (sources_.clock.MonotonicUs() - started_us_) / 1'000'000;
}

std::string StatusBoard::LogLevel() const {
  return std::string(base::ToString(sources_.logger.level()));
}

bool StatusBoard::SetLogLevel(std::string_view level) {
  std::optional<base::LogLevel> parsed = base::ParseLogLevel(level);
  if (!parsed.has_value()) return false;
  sources_.logger.set_level(*parsed);
  return true;
}

observe::Expiries ExpiriesOf(const certs::Generation& generation) {
  observe::Expiries expiries;
  for (const certs::ListenerMaterial& listener : generation.listeners) {
    for (const certs::ServerCertificate& certificate : listener.certificates) {
      for (const x509::CertificatePtr& link : certificate.chain) {
        expiries.certificates.push_back({listener.listener, certificate.chain_file, link->subject(),
                                         link->serial(), link->not_after(), link->not_before()});
      }
      if (certificate.ocsp != nullptr && certificate.ocsp->next_update != 0) {
        expiries.ocsp_responses.push_back({listener.listener, certificate.ocsp->file,
                                           certificate.ocsp->next_update,
                                           certificate.ocsp->this_update});
      }
    }
    for (const certs::TrustAnchor& anchor : listener.anchors) {
      expiries.trust_anchors.push_back({listener.listener, anchor.file,
                                        anchor.certificate->subject(), anchor.certificate->serial(),
                                        anchor.trust_domain, anchor.certificate->not_after()});
    }
    for (const std::string& issuer : listener.without_list) {
      expiries.without_crl.push_back({listener.listener, issuer});
    }
    for (const certs::LoadedRevocationList& loaded : listener.revocation_lists) {
      if (loaded.list->next_update() == 0) continue;
      expiries.crls.push_back({listener.listener, loaded.file, loaded.list->issuer(),
                               loaded.list->next_update(), loaded.list->this_update()});
    }
  }
  return expiries;
}

observe::Limits LimitsOf(const config::Config& config, size_t workers) {
  observe::Limits limits;
  limits.client_fds = static_cast<uint64_t>(io::ClientDescriptors(base::OpenFileLimit()));
  for (const config::Listener& listener : config.listeners) {
    limits.listeners[listener.name] = {
        .connections = listener.limits.connections,
        .handshakes = listener.limits.handshakes,
        .handshakes_per_second = listener.limits.handshakes_per_second,
        .streams = listener.limits.streams};
  }
  for (const config::Upstream& upstream : config.upstreams) {
    // A pool for each protocol of the clients.
    const size_t pools = upstream.protocol == config::UpstreamProtocol::kMatch ? 2 : 1;
    limits.upstreams[upstream.name] = {.connections = workers * pools * upstream.pool.connections,
                                       .pending = workers * pools * upstream.pool.pending};
  }
  return limits;
}

}  // namespace mantlet::server
