// A listener, its certificates and its files in memory, for tests of certs/. They are valid; each
// test breaks one of them.

#ifndef MANTLET_TEST_CERTS_MATERIAL_HELPER_H_
#define MANTLET_TEST_CERTS_MATERIAL_HELPER_H_

#include <string>

#include "config/config.h"
#include "test/certs/memory_file_reader.h"
#include "test/proxy/x509/pki.h"

namespace mantlet::certs {

inline constexpr char kChain[] = "/tls/tls.crt";
inline constexpr char kKey[] = "/tls/tls.key";
inline constexpr char kBundle[] = "/tls/bundle.pem";
inline constexpr char kPkcs12[] = "/tls/server.p12";
inline constexpr char kPassphrase[] = "/tls/server.pass";
inline constexpr char kCa[] = "/tls/ca.crt";

// One listener "public" with kChain, kKey and kCa; client certificates required.
config::Config OneListener();

// Returns a server certificate for server.example, issued by x509::Intermediate().
const x509::Credential& Server();

// Returns kChain (leaf and intermediate), kKey and kCa (the root).
MemoryFileReader GoodFiles();

// Returns leaf and intermediate as PEM.
std::string ChainPem(const x509::Credential& leaf);

}  // namespace mantlet::certs

#endif  // MANTLET_TEST_CERTS_MATERIAL_HELPER_H_
