// ExtensionsFor encodes the X.509 extensions (RFC 5280, 4.2) of a certificate to be issued.

#ifndef MANTLET_PROXY_X509_EXTENSION_WRITER_H_
#define MANTLET_PROXY_X509_EXTENSION_WRITER_H_

#include <string>
#include <vector>

#include "proxy/x509/certificate_template.h"
#include "proxy/x509/private_key.h"

namespace mantlet::x509 {

using Extension = CertificateTemplate::RawExtension;

// Returns the key identifier that the issuer uses for a key: 20 bytes.
std::string SubjectKeyId(const PrivateKey& key);

std::vector<Extension> ExtensionsFor(const CertificateTemplate& what,
                                     const std::string& subject_key_id,
                                     const std::string& issuer_key_id);

}  // namespace mantlet::x509

#endif  // MANTLET_PROXY_X509_EXTENSION_WRITER_H_
