// Probe plays a client of a server, step by step, and finds out whose fault it is if that fails:
// names and TCP, the TLS handshake, the server's certificate, what the server says to the client's
// certificate, and one HTTP request. Blocking; any thread.

#ifndef MANTLET_PROXY_CONNECT_PROBE_H_
#define MANTLET_PROXY_CONNECT_PROBE_H_

#include <cstdint>
#include <string>
#include <vector>

#include "proxy/connect/client_files.h"
#include "proxy/connect/dial.h"
#include "proxy/connect/report.h"
#include "proxy/connect/tls_client.h"
#include "proxy/x509/certificate.h"

namespace mantlet::connect {

struct ProbeOptions {
  Target target;
  std::string server_name;             // for SNI and the check of names; empty: the target's host
  std::vector<std::string> protocols;  // ALPN
  std::string path = "/";              // of the request; empty: none is sent
  bool want_body = false;              // read the response to its end, up to 64 KiB
  int timeout_ms = 5'000;              // of each step
};

struct ProbeResult {
  Report report;
  TlsFacts tls;
  std::vector<x509::CertificatePtr> server_chain;
  int status = 0;    // of the response; 0: none
  std::string body;  // of the response, if it was wanted; not decoded
};

// `now` is in seconds since the epoch.
ProbeResult Probe(const ProbeOptions& options, const ClientFiles& files, int64_t now);

}  // namespace mantlet::connect

#endif  // MANTLET_PROXY_CONNECT_PROBE_H_
