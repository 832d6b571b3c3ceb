// Names the attribute types of distinguished names. One table is used to print and to compare them.
// A type is printed by the short name that OpenSSL and nginx use; its other names and its number
// are recognized, too. Pure; any thread.

#ifndef MANTLET_PROXY_PATTERN_ATTRIBUTE_TYPE_H_
#define MANTLET_PROXY_PATTERN_ATTRIBUTE_TYPE_H_

#include <string>
#include <string_view>

namespace mantlet::pattern {

// Returns the keyword for a type, e.g. "CN" for "2.5.4.3"; empty for a type that is not in the
// table. The keywords of two types never differ in letter case alone.
std::string_view AttributeKeyword(std::string_view dotted);

// Returns one name for each type. `name` is any of its names in lower case: the result for "cn",
// "commonname" and "2.5.4.3" is "cn". A name that is not in the table is returned unchanged.
std::string_view CanonicalAttributeType(std::string_view name);

}  // namespace mantlet::pattern

#endif  // MANTLET_PROXY_PATTERN_ATTRIBUTE_TYPE_H_
