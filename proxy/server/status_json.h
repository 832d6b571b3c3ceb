// The documents of the admin endpoint as JSON. Pure.

#ifndef MANTLET_PROXY_SERVER_STATUS_JSON_H_
#define MANTLET_PROXY_SERVER_STATUS_JSON_H_

#include <map>
#include <string>
#include <vector>

#include "certs/generation.h"
#include "config/config.h"
#include "proxy/server/worker.h"

namespace mantlet::server {

// How the files on disk stand to what is served.
struct ReloadState {
  bool pending = false;      // they are not the same
  std::string last_failure;  // why not; empty after a reload that succeeded
  // The listeners that keep what they have, and why.
  std::map<std::string, std::string> listeners = {};
};

// Per listener: every certificate with its files, its chain, dates and
// fingerprints, and every trust anchor with the file it came from, under the names
// that `mantlet check --json` has for them.
std::string CertificatesAsJson(const certs::Generation& generation, const ReloadState& reload);
// The effective configuration, defaults included, keyed as in the YAML. It holds
// file names, no secrets.
std::string ConfigAsJson(const config::Config& config);
std::string ConnectionsAsJson(const std::vector<ConnectionSummary>& connections);

}  // namespace mantlet::server

#endif  // MANTLET_PROXY_SERVER_STATUS_JSON_H_
