// Checks the header names in `identity_headers: set:` and `remove:`.

#ifndef MANTLET_CONFIG_CHECKS_HEADER_NAME_CHECK_H_
#define MANTLET_CONFIG_CHECKS_HEADER_NAME_CHECK_H_

#include <optional>
#include <string>

#include "config/diagnostic.h"

namespace mantlet::config {

// CheckHeaderName returns what is wrong with a name, or nothing. It compares folded names
// (proxy/pattern/header_name.h): every name
// that folds to the same is removed from requests, so a name near Content-Length would take
// Content-Length away. `writes_xfcc`: mantlet writes x-forwarded-client-cert itself, or lets it
// pass; otherwise its name is free. (Client-Cert is not: it has a format of its own, RFC 9440.)
std::optional<Problem> CheckHeaderName(const std::string& name, bool writes_xfcc = true);

// CheckRemovedHeader is the same check for a header that is removed from requests.
std::optional<Problem> CheckRemovedHeader(const std::string& name);

}  // namespace mantlet::config

#endif  // MANTLET_CONFIG_CHECKS_HEADER_NAME_CHECK_H_
