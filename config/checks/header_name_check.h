// Which header names `identity_headers: set:` and `remove:` may use.

#ifndef MANTLET_CONFIG_CHECKS_HEADER_NAME_CHECK_H_
#define MANTLET_CONFIG_CHECKS_HEADER_NAME_CHECK_H_

#include <optional>
#include <string>

#include "config/diagnostic.h"

namespace mantlet::config {

// What is wrong with a name, judged by what it folds to (proxy/pattern/header_name.h): every name
// that folds to the same is removed from requests, so a name near Content-Length would take
// Content-Length away. `writes_xfcc`: mantlet writes x-forwarded-client-cert itself, or lets it
// pass; otherwise its name is free. (Client-Cert is not: it has a format of its own, RFC 9440.)
std::optional<Problem> CheckHeaderName(const std::string& name, bool writes_xfcc = true);

// The same for a header that is to be removed.
std::optional<Problem> CheckRemovedHeader(const std::string& name);

}  // namespace mantlet::config

#endif  // MANTLET_CONFIG_CHECKS_HEADER_NAME_CHECK_H_
