#include "proxy/server/status_board.h"

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <utility>

#include "proxy/base/text.h"
#include "proxy/server/build_info.h"
#include "proxy/server/status_json.h"

namespace mantlet::server {
namespace {

constexpr size_t kMaxConnectionsShown = 1000;
// The time to wait for the workers' answers. A worker answers within one turn of its loop; if one
// does not, the page shows that.
constexpr auto kWorkerAnswer = std::chrono::milliseconds(500);

// Returns the summaries of all workers, or of those that answered in time.
std::vector<ConnectionSummary> Collect(const std::vector<std::unique_ptr<Worker>>& workers) {
  struct Shared {
    std::mutex mutex;
    std::condition_variable changed;
    size_t answers = 0;
    std::vector<ConnectionSummary> all;
  };
  auto shared = std::make_shared<Shared>();
  for (const auto& worker : workers) {
    worker->Summarize(kMaxConnectionsShown, [shared](std::vector<ConnectionSummary> some) {
      std::lock_guard lock(shared->mutex);
      ++shared->answers;
      for (ConnectionSummary& one : some) shared->all.push_back(std::move(one));
      shared->changed.notify_one();
    });
  }
  std::unique_lock lock(shared->mutex);
  shared->changed.wait_for(lock, kWorkerAnswer, [&] { return shared->answers == workers.size(); });
  return std::move(shared->all);
}

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

std::string StatusBoard::CertificatesJson() const {
  return CertificatesAsJson(*sources_.snapshot()->generation,
                            {sources_.metrics.reload_pending(), sources_.last_reload_failure(),
                             sources_.listeners_pending()});
}

std::string StatusBoard::ConfigJson() const {
  return ConfigAsJson(sources_.snapshot()->config, sources_.confinement);
}

std::string StatusBoard::ConnectionsJson() const {
  std::vector<ConnectionSummary> all = Collect(sources_.workers());
  if (all.size() > kMaxConnectionsShown) all.resize(kMaxConnectionsShown);
  return ConnectionsAsJson(all);
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
                                         link->serial(), link->not_after()});
      }
      if (certificate.ocsp != nullptr && certificate.ocsp->next_update != 0) {
        expiries.ocsp_responses.push_back(
            {listener.listener, certificate.ocsp->file, certificate.ocsp->next_update});
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
      expiries.crls.push_back(
          {listener.listener, loaded.file, loaded.list->issuer(), loaded.list->next_update()});
    }
  }
  return expiries;
}

}  // namespace mantlet::server
