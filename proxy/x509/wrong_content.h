// WrongContent recognizes a file without anything that is read here, and returns a hint that makes
// it usable. A few dozen kinds of files are put in the place of certificates and keys by mistake;
// most can be recognized by their first bytes. Pure.

#ifndef MANTLET_PROXY_X509_WRONG_CONTENT_H_
#define MANTLET_PROXY_X509_WRONG_CONTENT_H_

#include <optional>
#include <string_view>

#include "proxy/x509/fault.h"

namespace mantlet::x509 {

// Of a whole file that could not be read; nothing if it is none of the things known.
std::optional<Fault> WrongContent(std::string_view bytes);

// Of a PEM block with that label, if it is none that is read: "a certificate signing
// request", for a sentence that begins with "it is" or "it holds".
std::optional<Fault> WrongBlock(std::string_view label);

}  // namespace mantlet::x509

#endif  // MANTLET_PROXY_X509_WRONG_CONTENT_H_
