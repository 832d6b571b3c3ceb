// Makes the temporary PKI of `mantlet certs dev`: a root, an intermediate, a server and a client
// certificate, and a configuration that uses them. It is for experiments only and never for
// production, because the keys are not encrypted.

#ifndef MANTLET_CERTS_DEV_PKI_H_
#define MANTLET_CERTS_DEV_PKI_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"

namespace mantlet::certs {

struct DevPkiOptions {
  std::string directory;          // created if missing (mode 0700)
  std::vector<std::string> sans;  // DNS names and IP addresses; empty = localhost 127.0.0.1 ::1
  int days = 30;                  // lifetime of the leaves; the CAs have ten times as much
  int64_t now = 0;                // seconds since the epoch
  // The ports that the configuration listens on, forwards to and serves metrics on, all on
  // 127.0.0.1.
  uint16_t port = 8443;
  uint16_t upstream_port = 8080;
  uint16_t metrics_port = 9900;
};

struct DevPkiReport {
  std::vector<std::string> files;  // the written files, absolute paths
  std::string text;                // for the terminal: a summary, and a curl command to try
};

// Writes root.crt root.key intermediate.crt intermediate.key ca.crt (the trust bundle) server.crt
// server.key client.crt client.key (leaf, then intermediate) and mantlet.yaml. Keys have mode 0600.
//
// In a directory of an earlier run it keeps root and intermediate, if they outlive the new leaves,
// and replaces all other files, which is a rotation to try out.
//
// Returns AlreadyExists and writes nothing if a file of one of these names exists and was not made
// by an earlier run (it keeps a list in .mantlet-dev).
absl::StatusOr<DevPkiReport> WriteDevPki(const DevPkiOptions& options);

}  // namespace mantlet::certs

#endif  // MANTLET_CERTS_DEV_PKI_H_
