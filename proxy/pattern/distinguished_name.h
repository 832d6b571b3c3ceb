// Converts distinguished names from RFC 2253 (RFC 4514) text to a canonical form, so that two
// spellings of the same name compare equal: attribute types have one name ("CN", "commonName",
// "2.5.4.3": attribute_type.h), escapes and quotes are resolved, letter case (ASCII) and the number
// of blanks do not count (RFC 5280 section 7.1), and the attributes of a relative name may be in
// any order. Pure; any thread.

#ifndef MANTLET_PROXY_PATTERN_DISTINGUISHED_NAME_H_
#define MANTLET_PROXY_PATTERN_DISTINGUISHED_NAME_H_

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace mantlet::pattern {

// Returns the relative names in the order of the text, each in canonical form, which is for
// comparison only. Returns nullopt if the text is not a distinguished name; an empty name has no
// relative names.
std::optional<std::vector<std::string>> CanonicalName(std::string_view rfc2253);

// Join the relative names into one string, in their order or reversed, as `openssl x509 -issuer`
// prints them.
std::string JoinName(const std::vector<std::string>& relative_names);
std::string JoinNameBackwards(const std::vector<std::string>& relative_names);

}  // namespace mantlet::pattern

#endif  // MANTLET_PROXY_PATTERN_DISTINGUISHED_NAME_H_
