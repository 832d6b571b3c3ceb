// These functions name the attribute types of distinguished names: one table for printing and
// for comparing them. A type is printed by the short name that OpenSSL, and so nginx, has for
// it, and understood by its other names and by its number too. Pure; any thread.

#ifndef MANTLET_PROXY_PATTERN_ATTRIBUTE_TYPE_H_
#define MANTLET_PROXY_PATTERN_ATTRIBUTE_TYPE_H_

#include <string>
#include <string_view>

namespace mantlet::pattern {

// The keyword for "2.5.4.3", "CN"; empty for a type that is not in the table. No two types have
// keywords that differ in letter case alone.
std::string_view AttributeKeyword(std::string_view dotted);

// One name for each type, whatever it is called in `name`, which is in lower case: "cn" for
// "cn", "commonname" and "2.5.4.3". A name that is not in the table stays as it is.
std::string_view CanonicalAttributeType(std::string_view name);

}  // namespace mantlet::pattern

#endif  // MANTLET_PROXY_PATTERN_ATTRIBUTE_TYPE_H_
