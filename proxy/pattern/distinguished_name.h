// Distinguished names in the form of RFC 2253 (RFC 4514), brought into one form
// so that the same name written in two ways compares equal: attribute types
// whatever they are called ("CN", "commonName", "2.5.4.3": attribute_type.h), escapes and quotes
// undone, values without regard to letter case (ASCII) and to the amount of
// blanks (RFC 5280 section 7.1), the parts of a relative name in any order.
// Pure; any thread.

#ifndef MANTLET_PROXY_PATTERN_DISTINGUISHED_NAME_H_
#define MANTLET_PROXY_PATTERN_DISTINGUISHED_NAME_H_

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace mantlet::pattern {

// The relative names in the order of the text, each in the one form; it is for
// comparison, not for people. Nothing if the text is not a distinguished name;
// an empty name has no relative names.
std::optional<std::vector<std::string>> CanonicalName(std::string_view rfc2253);

// The relative names as one string, forwards or, as `openssl x509 -issuer`
// prints them, backwards.
std::string JoinName(const std::vector<std::string>& relative_names);
std::string JoinNameBackwards(const std::vector<std::string>& relative_names);

}  // namespace mantlet::pattern

#endif  // MANTLET_PROXY_PATTERN_DISTINGUISHED_NAME_H_
