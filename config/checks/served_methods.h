// The request methods that mantlet forwards, for checks of a policy. The parser decides
// (proxy/http1/request_line.h); its test checks that both agree.

#ifndef MANTLET_CONFIG_CHECKS_SERVED_METHODS_H_
#define MANTLET_CONFIG_CHECKS_SERVED_METHODS_H_

#include <string>
#include <vector>

#include "absl/strings/string_view.h"

namespace mantlet::config {

// Returns methods in common use, registered with IANA or not; the most common first.
const std::vector<std::string>& KnownMethods();
// Compares with letter case, as in HTTP.
bool IsKnownMethod(absl::string_view text);

// Returns whether a method is forwarded. Any token is, except CONNECT (501) and the PRI of HTTP/2's
// preface (505), which concern the connection itself, and methods with lower-case letters (501),
// which an application might read as the upper-case method of a rule. These are rejected before any
// rule is evaluated.
bool IsServedMethod(absl::string_view text);

}  // namespace mantlet::config

#endif  // MANTLET_CONFIG_CHECKS_SERVED_METHODS_H_
