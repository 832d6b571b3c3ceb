// The value types of a policy rule's conditions.

#ifndef MANTLET_CONFIG_LOADER_POLICY_TYPES_H_
#define MANTLET_CONFIG_LOADER_POLICY_TYPES_H_

#include <string>

#include "config/loader/value_type.h"

namespace mantlet::config {

// Globs. A pattern is rejected if it can match no name in the normal form.
ValueType<std::string> SpiffeIdPattern();
ValueType<std::string> UriPattern();
ValueType<std::string> PathPattern();

// A DNS name, or one with `*` for its first label; stored in lower case.
ValueType<std::string> DnsNamePattern(const char* example);
// local-part@host, or `*@host` for all addresses of a host; stored with the host in lower case.
ValueType<std::string> Mailbox(const char* name, const char* example);
// IPv4 or IPv6; stored in the canonical form.
ValueType<std::string> IpAddress();
// RFC 2253; stored as written.
ValueType<std::string> DistinguishedName();
ValueType<std::string> Method();
// A value of the identity field `verify`; FAILED matches every reason.
ValueType<std::string> Verification();
// Any text that is not empty.
ValueType<std::string> Text(const char* example);

}  // namespace mantlet::config

#endif  // MANTLET_CONFIG_LOADER_POLICY_TYPES_H_
