// Puts one server certificate together from the files that the configuration
// names for it: parses them, finds the leaf and its key and orders the chain.
// Pure: works on bytes already read.

#ifndef MANTLET_CERTS_SERVER_CERTIFICATE_LOADER_H_
#define MANTLET_CERTS_SERVER_CERTIFICATE_LOADER_H_

#include <optional>

#include "certs/file_images.h"
#include "certs/finding_sink.h"
#include "certs/generation.h"
#include "config/config.h"

namespace mantlet::certs {

// Nothing if there is no usable pair of chain and key; then the sink has got an
// error. What is returned has a key that fits; everything else about it is
// CheckServerCertificate's business.
std::optional<ServerCertificate> LoadServerCertificate(const config::CertificateFiles& files,
                                                       const FileImages& images, FindingSink* sink);

}  // namespace mantlet::certs

#endif  // MANTLET_CERTS_SERVER_CERTIFICATE_LOADER_H_
