// Checks the header names in `identity_headers: set:` and `remove:`.

#ifndef MANTLET_CONFIG_CHECKS_HEADER_NAME_CHECK_H_
#define MANTLET_CONFIG_CHECKS_HEADER_NAME_CHECK_H_

#include <optional>
#include <string>

#include "config/diagnostic.h"

namespace mantlet::config {

// CheckHeaderName returns the error of a name, or nothing. It compares folded names
// (proxy/pattern/header_name.h): every name with the same folded form is removed from requests, so
// a spelling of Content-Length would remove Content-Length. `writes_xfcc` is true if mantlet writes
// or forwards x-forwarded-client-cert; otherwise that name may be used. Client-Cert may never be
// used, because it has a format of its own (RFC 9440).
std::optional<Problem> CheckHeaderName(const std::string& name, bool writes_xfcc = true);

// CheckRemovedHeader does the same for a header that is removed from requests.
std::optional<Problem> CheckRemovedHeader(const std::string& name);

}  // namespace mantlet::config

#endif  // MANTLET_CONFIG_CHECKS_HEADER_NAME_CHECK_H_
