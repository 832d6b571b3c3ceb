// The documents of the admin endpoint as JSON. Pure.

#ifndef MANTLET_PROXY_SERVER_STATUS_JSON_H_
#define MANTLET_PROXY_SERVER_STATUS_JSON_H_

#include <string>
#include <vector>

#include "certs/generation.h"
#include "config/config.h"
#include "proxy/server/worker.h"

namespace mantlet::server {

// Per listener: every certificate with its chain, key file, dates and
// fingerprints, and every trust anchor with the file it came from.
std::string CertificatesAsJson(const certs::Generation& generation);
// The effective configuration, defaults included, keyed as in the YAML. It holds
// file names, no secrets.
std::string ConfigAsJson(const config::Config& config);
std::string ConnectionsAsJson(const std::vector<ConnectionSummary>& connections);

}  // namespace mantlet::server

#endif  // MANTLET_PROXY_SERVER_STATUS_JSON_H_
