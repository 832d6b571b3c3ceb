// Functions for the host and port of a request (RFC 9110 section 4.2, RFC 3986 section 3.2).

#ifndef MANTLET_PROXY_HTTP_AUTHORITY_H_
#define MANTLET_PROXY_HTTP_AUTHORITY_H_

#include <string>
#include <string_view>

namespace mantlet::http {

// Returns whether `text` is a valid uri-host [":" port], as in the Host field. The check is
// stricter than RFC 3986 where the rest could only serve to confuse: a name consists of letters,
// digits, `-` `.` `_` `~`; a literal IPv6 address is in brackets and has no zone; a port is at most
// 65535. User information, percent-encoding and an empty host are invalid.
bool IsValidAuthority(std::string_view text);

// HostName returns the host of a valid authority in lower case, without port and trailing dot.
std::string HostName(std::string_view authority);

// IsAddressLiteral returns whether a HostName() is an IP address: one in brackets, or one of only
// digits and dots, which no client resolves as a name.
bool IsAddressLiteral(std::string_view host);

}  // namespace mantlet::http

#endif  // MANTLET_PROXY_HTTP_AUTHORITY_H_
