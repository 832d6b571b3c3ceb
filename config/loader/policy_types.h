// The value types of a policy rule's conditions.

#ifndef MANTLET_CONFIG_LOADER_POLICY_TYPES_H_
#define MANTLET_CONFIG_LOADER_POLICY_TYPES_H_

#include <string>

#include "config/loader/value_type.h"

namespace mantlet::config {

// Globs. A pattern is rejected if it can match no name in the normal form that it is compared with.
ValueType<std::string> SpiffeIdPattern();
ValueType<std::string> UriPattern();
ValueType<std::string> PathPattern();

// A DNS name, or one with `*` for its first label; stored in lower case.
ValueType<std::string> DnsNamePattern(const char* example);
// local-part@host, or `*@host` for all of a host; stored with the host in lower case.
ValueType<std::string> Mailbox(const char* name, const char* example);
// IPv4 or IPv6; stored in the one form of the address.
ValueType<std::string> IpAddress();
// RFC 2253; stored as written.
ValueType<std::string> DistinguishedName();
ValueType<std::string> Method();
// What the identity field `verify` says; FAILED stands for every reason.
ValueType<std::string> Verification();
// Any text but the empty one.
ValueType<std::string> Text(const char* example);

}  // namespace mantlet::config

#endif  // MANTLET_CONFIG_LOADER_POLICY_TYPES_H_
