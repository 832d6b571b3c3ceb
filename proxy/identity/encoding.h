// Encodes certificates and names for header values. Pure.

#ifndef MANTLET_PROXY_IDENTITY_ENCODING_H_
#define MANTLET_PROXY_IDENTITY_ENCODING_H_

#include <string>
#include <string_view>

namespace mantlet::identity {

// Not empty, valid UTF-8, without control characters (C0, DEL, C1). Anything
// else has no place in a header value, and what is left of it after escaping
// would not be what the certificate says.
bool IsSafeText(std::string_view text);

// The same as a whole header value or a member of a list, where readers cut off
// spaces at either end (RFC 9110 section 5.5).
bool IsSafeUnquoted(std::string_view text);

// The same, and ASCII, which is all that an alternative name may hold (IA5String,
// RFC 5280 section 4.2.1.6): beyond it, readers guess at an encoding.
bool IsSafeAscii(std::string_view text);

// RFC 4648 section 4, with padding.
std::string Base64(std::string_view bytes);

// "-----BEGIN CERTIFICATE-----", lines of 64, each ended by LF.
std::string CertificatePem(std::string_view der);

// Every byte but letters, digits and `-` `.` `_` `~` as %XX.
std::string PercentEncode(std::string_view bytes);

}  // namespace mantlet::identity

#endif  // MANTLET_PROXY_IDENTITY_ENCODING_H_
