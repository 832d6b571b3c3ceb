// The cipher suites and groups that a configuration may use: those that the project is willing to
// offer. proxy/tls checks whether the linked library has them.

#ifndef MANTLET_CONFIG_LOADER_TLS_NAMES_H_
#define MANTLET_CONFIG_LOADER_TLS_NAMES_H_

#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "config/loader/value_type.h"

namespace mantlet::config {

// Returns OpenSSL's name of a suite, given by OpenSSL's or IANA's name; nullptr if it is not
// supported.
const char* CanonicalCipherSuite(absl::string_view name);
std::vector<std::string> CipherSuiteNames();
Problem NoSuchCipherSuite(const std::string& name);

// Returns BoringSSL's name of a group, given by any of its names; nullptr if it is not supported.
const char* CanonicalGroup(absl::string_view name);
std::vector<std::string> GroupNames();
Problem NoSuchGroup(const std::string& name);

}  // namespace mantlet::config

#endif  // MANTLET_CONFIG_LOADER_TLS_NAMES_H_
