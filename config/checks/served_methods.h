// Which methods of requests mantlet forwards, for the check of a policy. The parser decides
// (proxy/http1/request_line.h); its test sees that this agrees.

#ifndef MANTLET_CONFIG_CHECKS_SERVED_METHODS_H_
#define MANTLET_CONFIG_CHECKS_SERVED_METHODS_H_

#include <string>
#include <vector>

#include "absl/strings/string_view.h"

namespace mantlet::config {

// Methods in common use, registered with IANA or not; the usual ones first.
const std::vector<std::string>& KnownMethods();
// Letter case counts, as HTTP has it.
bool IsKnownMethod(absl::string_view text);

// Any token is forwarded as a method, except those that are about the connection itself: CONNECT
// (501) and the PRI of HTTP/2's preface (505), and those with lower-case letters (501), which an
// application might take for the method in upper case that a rule is about. They are answered
// before any rule is asked.
bool IsServedMethod(absl::string_view text);

}  // namespace mantlet::config

#endif  // MANTLET_CONFIG_CHECKS_SERVED_METHODS_H_
