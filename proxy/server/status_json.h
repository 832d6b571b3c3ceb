// Functions that render the documents of the admin endpoint as JSON. Pure.

#ifndef MANTLET_PROXY_SERVER_STATUS_JSON_H_
#define MANTLET_PROXY_SERVER_STATUS_JSON_H_

#include <map>
#include <string>
#include <vector>

#include "certs/generation.h"
#include "config/config.h"
#include "proxy/server/confinement.h"
#include "proxy/server/worker.h"

namespace mantlet::server {

// ReloadState describes whether the files on disk are in use.
struct ReloadState {
  bool pending = false;      // the files on disk differ from those in use
  std::string last_failure;  // the reason; empty after a successful reload
  // The listeners that keep their old files, with the reason.
  std::map<std::string, std::string> listeners = {};
};

// Returns, for each listener, every certificate with its files, chain, dates and fingerprints, and
// every trust anchor with its file, under the names that `mantlet check --json` uses.
std::string CertificatesAsJson(const certs::Generation& generation, const ReloadState& reload);
// Returns the effective configuration with its defaults, under the keys of the YAML. It contains
// file names but no secrets. `process` is how the process is confined.
std::string ConfigAsJson(const config::Config& config, const ConfinementReport& confinement);
std::string ConnectionsAsJson(const std::vector<ConnectionSummary>& connections);

}  // namespace mantlet::server

#endif  // MANTLET_PROXY_SERVER_STATUS_JSON_H_
