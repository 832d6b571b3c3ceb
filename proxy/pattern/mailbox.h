// Compares names of the form local-part@host: e-mail addresses (RFC 5280 section 7.5) and user
// principal names. Letter case is ignored in the host only. Pure; any thread.

#ifndef MANTLET_PROXY_PATTERN_MAILBOX_H_
#define MANTLET_PROXY_PATTERN_MAILBOX_H_

#include <string>
#include <string_view>

namespace mantlet::pattern {

// Returns the name with the part after the last `@` in lower case; unchanged if there is no `@`.
std::string CanonicalMailbox(std::string_view text);

// Returns the pattern for all names of the host, "*@example.org". Returns an empty string if the
// host is ambiguous: there is no `@` or more than one, or nothing before it.
std::string AnyMailboxOfHost(std::string_view text);

}  // namespace mantlet::pattern

#endif  // MANTLET_PROXY_PATTERN_MAILBOX_H_
