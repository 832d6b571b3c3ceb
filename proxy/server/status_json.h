// Renders the documents of the admin endpoint as JSON. Pure.

#ifndef MANTLET_PROXY_SERVER_STATUS_JSON_H_
#define MANTLET_PROXY_SERVER_STATUS_JSON_H_

#include <map>
#include <string>
#include <vector>

#include "certs/generation.h"
#include "config/config.h"
#include "proxy/server/worker.h"

namespace mantlet::server {

// How the files on disk differ from what is served.
struct ReloadState {
  bool pending = false;      // they differ
  std::string last_failure;  // why; empty after a reload that succeeded
  // The listeners that keep their old files, and why.
  std::map<std::string, std::string> listeners = {};
};

// Returns, for each listener, every certificate with its files, chain, dates and fingerprints, and
// every trust anchor with its file, under the names that `mantlet check --json` uses.
std::string CertificatesAsJson(const certs::Generation& generation, const ReloadState& reload);
// Returns the effective configuration with its defaults, under the keys of the YAML. It has names
// of files and no secrets.
std::string ConfigAsJson(const config::Config& config);
std::string ConnectionsAsJson(const std::vector<ConnectionSummary>& connections);

}  // namespace mantlet::server

#endif  // MANTLET_PROXY_SERVER_STATUS_JSON_H_
