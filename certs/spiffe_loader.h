// Loads the bundles of a listener's SPIFFE trust domains from files: certificates in PEM or DER,
// SPIFFE bundles and a bundle map in JSON. Pure; the files have already been read.

#ifndef MANTLET_CERTS_SPIFFE_LOADER_H_
#define MANTLET_CERTS_SPIFFE_LOADER_H_

#include <cstdint>
#include <string>
#include <vector>

#include "certs/diagnostic_sink.h"
#include "certs/file_images.h"
#include "certs/generation.h"
#include "config/config.h"

namespace mantlet::certs {

// Returns the files that `spiffe` names.
std::vector<std::string> SpiffeFiles(const config::Spiffe& spiffe);

// Returns every trust domain, sorted by name, and adds its authorities to `anchors`. Reports an
// error to the sink for each file and each authority that cannot be used.
std::vector<SpiffeDomain> LoadSpiffeDomains(const config::Spiffe& spiffe, const FileImages& images,
                                            int64_t now, DiagnosticSink* sink,
                                            std::vector<TrustAnchor>* anchors);

// Returns a sentence for each trust domain of `next` whose bundle has a lower spiffe_sequence than
// in `served`: an old bundle may have been restored. The standard requires the sequence to grow,
// but the files are authoritative.
std::vector<std::string> SequenceRegressions(const Generation& served, const Generation& next);

}  // namespace mantlet::certs

#endif  // MANTLET_CERTS_SPIFFE_LOADER_H_
