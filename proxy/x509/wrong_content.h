// WrongContent recognizes a file without any supported content and returns a hint. Several dozen
// kinds of files are used instead of certificates and keys by mistake; most can be recognized by
// their first bytes. Pure.

#ifndef MANTLET_PROXY_X509_WRONG_CONTENT_H_
#define MANTLET_PROXY_X509_WRONG_CONTENT_H_

#include <optional>
#include <string_view>

#include "proxy/x509/fault.h"

namespace mantlet::x509 {

// For a whole file that could not be read; returns nullopt if the content is not recognized.
std::optional<Fault> WrongContent(std::string_view bytes);

// For a PEM block with an unsupported label: returns e.g. "a certificate signing request", for a
// sentence that begins with "it is" or "it contains".
std::optional<Fault> WrongBlock(std::string_view label);

}  // namespace mantlet::x509

#endif  // MANTLET_PROXY_X509_WRONG_CONTENT_H_
