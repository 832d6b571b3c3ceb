// Assembles a listener's trust anchors from its bundle files. Pure; works on bytes already read.

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

// Roots of X.509 version 1 have no way to say that they are CAs. Path building takes one
// as an anchor (RFC 5280, 6.1.1 (d), leaves that to the relying party); SPIFFE does not.
enum class Version1Roots { kRefuse, kAccept };

// Whether the certificate may be an anchor. `place`: where in the file it stands,
// may be empty.
bool CheckAnchor(const x509::Certificate& certificate, Version1Roots version1_roots,
                 const std::string& place, const std::string& file, int64_t now,
                 DiagnosticSink* sink);

// The anchors of one file: PEM, DER, PKCS#7 or PKCS#12.
std::vector<TrustAnchor> LoadAnchorFile(const config::TrustFile& trust_file,
                                        Version1Roots version1_roots, const FileImages& images,
                                        int64_t now, DiagnosticSink* sink);

// Every certificate of every file, or as many as could be read; the sink has
// got an error for each file or certificate that cannot be a trust anchor.
// `partial_chain`: an intermediate may be an anchor without its root.
std::vector<TrustAnchor> LoadTrustAnchors(const std::vector<config::TrustFile>& files,
                                          bool partial_chain, const FileImages& images, int64_t now,
                                          DiagnosticSink* sink);

}  // namespace mantlet::certs

#endif  // MANTLET_CERTS_TRUST_LOADER_H_
