// LoadOcspResponse checks whether an OCSP response may be stapled to a server certificate. Pure.

#ifndef MANTLET_CERTS_OCSP_LOADER_H_
#define MANTLET_CERTS_OCSP_LOADER_H_

#include <cstdint>
#include <string>
#include <vector>

#include "certs/diagnostic_sink.h"
#include "certs/file_images.h"
#include "certs/generation.h"

namespace mantlet::certs {

// Sets `server->ocsp` from `path`. The issuer may be in the server's own chain or among `anchors`.
// `now` is in seconds since the epoch.
void LoadOcspResponse(const std::string& path, const FileImages& images,
                      const std::vector<TrustAnchor>& anchors, int64_t now, DiagnosticSink* sink,
                      ServerCertificate* server);

}  // namespace mantlet::certs

#endif  // MANTLET_CERTS_OCSP_LOADER_H_
