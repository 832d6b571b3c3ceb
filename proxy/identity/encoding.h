// Encodes certificates and names for header values. Pure.

#ifndef MANTLET_PROXY_IDENTITY_ENCODING_H_
#define MANTLET_PROXY_IDENTITY_ENCODING_H_

#include <string>
#include <string_view>

namespace mantlet::identity {

// Returns whether `text` is not empty, is valid UTF-8 and has no control characters (C0, DEL, C1).
// Other text cannot be sent in a header value: after escaping it would differ from the name in the
// certificate.
bool IsSafeText(std::string_view text);

// Returns whether `text` is safe as a whole header value or as a member of a list: like
// IsSafeText(), and without spaces at either end, which readers remove (RFC 9110 section 5.5).
bool IsSafeUnquoted(std::string_view text);

// Returns whether `text` is safe and ASCII, the only characters that an alternative name may
// contain (IA5String, RFC 5280 section 4.2.1.6). Readers would guess the encoding of other bytes.
bool IsSafeAscii(std::string_view text);

// Returns base64 with padding (RFC 4648 section 4).
std::string Base64(std::string_view bytes);

// Returns a PEM block with lines of 64 characters, each ended by LF.
std::string CertificatePem(std::string_view der);

// Returns `bytes` with every byte but letters, digits and `-` `.` `_` `~` as %XX.
std::string PercentEncode(std::string_view bytes);

}  // namespace mantlet::identity

#endif  // MANTLET_PROXY_IDENTITY_ENCODING_H_
