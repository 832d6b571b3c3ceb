// LoadServerCertificate assembles one server certificate from the files that the configuration
// names for it: it parses them and finds the leaf and its key. Pure; works on bytes already read.

#ifndef MANTLET_CERTS_SERVER_CERTIFICATE_LOADER_H_
#define MANTLET_CERTS_SERVER_CERTIFICATE_LOADER_H_

#include <optional>

#include "certs/diagnostic_sink.h"
#include "certs/file_images.h"
#include "certs/generation.h"
#include "config/config.h"

namespace mantlet::certs {

// Nothing if there is no usable pair of chain and key; then the sink has got an
// error. What is returned has a key that fits, and the chain as the file has it, the leaf
// first. ChooseChain() decides what of it is served, which fills chain_der, and
// CheckServerCertificate() about everything else.
std::optional<ServerCertificate> LoadServerCertificate(const config::CertificateFiles& files,
                                                       const FileImages& images,
                                                       DiagnosticSink* sink);

}  // namespace mantlet::certs

#endif  // MANTLET_CERTS_SERVER_CERTIFICATE_LOADER_H_
