// Host and port of a request (RFC 9110 section 4.2, RFC 3986 section 3.2).

#ifndef MANTLET_PROXY_HTTP_AUTHORITY_H_
#define MANTLET_PROXY_HTTP_AUTHORITY_H_

#include <string>
#include <string_view>

namespace mantlet::http {

// uri-host [":" port], as Host carries it. Narrower than RFC 3986 where that is
// only of use to confuse: a name holds letters, digits, `-` `.` `_` `~`; a
// literal IPv6 address stands in brackets without a zone; a port is at most
// 65535. No user information, no percent-encoding, never empty.
bool IsValidAuthority(std::string_view text);

// HostName returns the host of a valid authority in lower case, without port and trailing dot.
std::string HostName(std::string_view authority);

// IsAddressLiteral returns whether a HostName() is an IP address: in brackets, or digits and
// dots alone, which no client resolves as a name.
bool IsAddressLiteral(std::string_view host);

}  // namespace mantlet::http

#endif  // MANTLET_PROXY_HTTP_AUTHORITY_H_
