// Names of the form local-part@host: e-mail addresses (RFC 5280 section 7.5) and user principal
// names. The host is compared without regard to letter case, what is before it byte for byte.
// Pure; any thread.

#ifndef MANTLET_PROXY_PATTERN_MAILBOX_H_
#define MANTLET_PROXY_PATTERN_MAILBOX_H_

#include <string>
#include <string_view>

namespace mantlet::pattern {

// The one form of the name: what follows the last `@` in lower case. Without `@`: as it is.
std::string CanonicalMailbox(std::string_view text);

// The pattern that stands for all names of that host, "*@example.org". Empty if it is not
// certain which host that is: there is no `@` or more than one, or nothing before it.
std::string AnyMailboxOfHost(std::string_view text);

}  // namespace mantlet::pattern

#endif  // MANTLET_PROXY_PATTERN_MAILBOX_H_
