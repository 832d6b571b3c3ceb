// LoadServerCertificate loads one server certificate from its files: it parses them and finds the
// leaf and its key. Pure; the files have already been read.

#ifndef MANTLET_CERTS_SERVER_CERTIFICATE_LOADER_H_
#define MANTLET_CERTS_SERVER_CERTIFICATE_LOADER_H_

#include <optional>

#include "certs/diagnostic_sink.h"
#include "certs/file_images.h"
#include "certs/generation.h"
#include "config/config.h"

namespace mantlet::certs {

// Returns nullopt, after reporting an error to the sink, if there is no usable pair of chain and
// key. The result has a matching key, and the chain of the file with the leaf first. ChooseChain()
// then decides which certificates are served, and sets chain_der; CheckServerCertificate() checks
// everything else.
std::optional<ServerCertificate> LoadServerCertificate(const config::CertificateFiles& files,
                                                       const FileImages& images,
                                                       DiagnosticSink* sink);

}  // namespace mantlet::certs

#endif  // MANTLET_CERTS_SERVER_CERTIFICATE_LOADER_H_
