// Finds the content of a file that was read, and reports errors.

#ifndef MANTLET_CERTS_IMAGE_LOOKUP_H_
#define MANTLET_CERTS_IMAGE_LOOKUP_H_

#include <optional>
#include <string>

#include "absl/status/status.h"
#include "certs/diagnostic_sink.h"
#include "certs/file_images.h"

namespace mantlet::certs {

// Returns a hint for a file that the reader could not open or read.
const char* HintForUnreadable(const absl::Status& status);

// Returns the content of `path`, owned by `images`. Returns null after reporting an error to the
// sink.
const FileContent* FindContent(const std::string& path, const FileImages& images,
                               DiagnosticSink* sink);

// Reports to the sink why the content of `path` cannot be used. `status` has the form of
// x509/fault.h.
void ReportUnparsable(const std::string& path, const absl::Status& status, DiagnosticSink* sink);

// Returns the passphrase in the file `path` without a final line end; the caller must wipe it.
// Returns nullopt after reporting an error to the sink.
std::optional<std::string> ReadPassphrase(const std::string& path, const FileImages& images,
                                          DiagnosticSink* sink);

}  // namespace mantlet::certs

#endif  // MANTLET_CERTS_IMAGE_LOOKUP_H_
