// A configuration with two listeners, each with its own certificate, and its files.

#ifndef MANTLET_TEST_PROXY_SERVER_TWO_LISTENERS_H_
#define MANTLET_TEST_PROXY_SERVER_TWO_LISTENERS_H_

#include <string>

#include "test/certs/material_helper.h"

namespace mantlet::server {

inline constexpr char kConfig[] = "/etc/mantlet.yaml";

// `more` holds further keys of the second listener, whose port is `port`.
inline std::string Yaml(const std::string& more = "", int port = 8444) {
  return R"(
listeners:
  - name: one
    address: 127.0.0.1:8443
    upstream: app
    tls: {certificates: [{chain: /tls/tls.crt, key: /tls/tls.key}]}
    client_auth: {trust_bundle: [/tls/ca.crt]}
  - name: two
    address: 127.0.0.1:)" +
         std::to_string(port) + R"(
    upstream: app
    tls: {certificates: [{chain: /two/tls.crt, key: /two/tls.key}]}
    client_auth: {trust_bundle: [/tls/ca.crt]}
)" + more +
         R"(
upstreams:
  - {name: app, address: "127.0.0.1:8080"}
)";
}

// The configuration and the files that it names.
inline certs::MemoryFileReader TwoListeners() {
  certs::MemoryFileReader files = certs::GoodFiles();
  files.Put("/two/tls.crt", certs::ChainPem(certs::Server()));
  files.Put("/two/tls.key", certs::Server().key->ToPem());
  files.Put(kConfig, Yaml());
  return files;
}

}  // namespace mantlet::server

#endif  // MANTLET_TEST_PROXY_SERVER_TWO_LISTENERS_H_
