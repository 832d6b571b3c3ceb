// Loads a listener's trust anchors from its bundle files. Pure; the files have already been read.

#ifndef MANTLET_CERTS_TRUST_LOADER_H_
#define MANTLET_CERTS_TRUST_LOADER_H_

#include <cstdint>
#include <string>
#include <vector>

#include "certs/diagnostic_sink.h"
#include "certs/file_images.h"
#include "certs/generation.h"
#include "config/config.h"

namespace mantlet::certs {

// Version1Roots is whether self-signed certificates of X.509 version 1 are accepted. They cannot
// contain basic constraints. Path building accepts one as an anchor (RFC 5280, 6.1.1 (d), leaves
// that to the relying party); SPIFFE does not.
enum class Version1Roots { kRefuse, kAccept };

// Returns whether the certificate may be an anchor. `place` is its position in the file and may be
// empty.
bool CheckAnchor(const x509::Certificate& certificate, Version1Roots version1_roots,
                 const std::string& place, const std::string& file, int64_t now,
                 DiagnosticSink* sink);

// Returns the anchors of one file: PEM, DER, PKCS#7 or PKCS#12.
std::vector<TrustAnchor> LoadAnchorFile(const config::TrustFile& trust_file,
                                        Version1Roots version1_roots, const FileImages& images,
                                        int64_t now, DiagnosticSink* sink);

// Returns the certificates of all files that could be read. Reports an error to the sink for each
// file or certificate that cannot be a trust anchor. If `partial_chain` is true, an intermediate
// may be an anchor without its root.
std::vector<TrustAnchor> LoadTrustAnchors(const std::vector<config::TrustFile>& files,
                                          bool partial_chain, const FileImages& images, int64_t now,
                                          DiagnosticSink* sink);

}  // namespace mantlet::certs

#endif  // MANTLET_CERTS_TRUST_LOADER_H_
