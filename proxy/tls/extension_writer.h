// The X.509 extensions (RFC 5280, 4.2) of a certificate to be issued, as DER.

#ifndef MANTLET_PROXY_TLS_EXTENSION_WRITER_H_
#define MANTLET_PROXY_TLS_EXTENSION_WRITER_H_

#include <string>
#include <vector>

#include "proxy/tls/issuer.h"

namespace mantlet::tls {

using Extension = CertificateTemplate::RawExtension;

// The key identifier we give a key: 20 bytes.
std::string SubjectKeyId(const PrivateKey& key);

std::vector<Extension> ExtensionsFor(const CertificateTemplate& what,
                                     const std::string& subject_key_id,
                                     const std::string& issuer_key_id);

}  // namespace mantlet::tls

#endif  // MANTLET_PROXY_TLS_EXTENSION_WRITER_H_
