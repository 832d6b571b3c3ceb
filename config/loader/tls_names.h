// The cipher suites and groups that a configuration may name. Whether the linked library has one
// of them is for proxy/tls to say; what stands here is what the project is willing to offer.

#ifndef MANTLET_CONFIG_LOADER_TLS_NAMES_H_
#define MANTLET_CONFIG_LOADER_TLS_NAMES_H_

#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "config/loader/value_type.h"

namespace mantlet::config {

// OpenSSL's spelling of a suite that is given in OpenSSL's or IANA's; nullptr if it is not ours.
const char* CanonicalCipherSuite(absl::string_view name);
std::vector<std::string> CipherSuiteNames();
Problem NoSuchCipherSuite(const std::string& name);

// BoringSSL's name of a group that is given by any of its names; nullptr if it is not ours.
const char* CanonicalGroup(absl::string_view name);
std::vector<std::string> GroupNames();
Problem NoSuchGroup(const std::string& name);

}  // namespace mantlet::config

#endif  // MANTLET_CONFIG_LOADER_TLS_NAMES_H_
