// Finds the content of a file among those that were read, and reports why there is none.

#ifndef MANTLET_CERTS_IMAGE_LOOKUP_H_
#define MANTLET_CERTS_IMAGE_LOOKUP_H_

#include <optional>
#include <string>

#include "absl/status/status.h"
#include "certs/diagnostic_sink.h"
#include "certs/file_images.h"

namespace mantlet::certs {

// What to do about a file that the reader could not open or read.
const char* HintForUnreadable(const absl::Status& status);

// Returns the content of `path`, which `images` owns; null after an error has been reported to the
// sink.
const FileContent* FindContent(const std::string& path, const FileImages& images,
                               DiagnosticSink* sink);

// Reports to the sink why the content of `path` cannot be used; `status` is as x509/fault.h
// describes.
void ReportUnparsable(const std::string& path, const absl::Status& status, DiagnosticSink* sink);

// Returns the passphrase in the file `path` without one line end at its end, for the caller to
// wipe; nullopt after an error has been reported to the sink.
std::optional<std::string> ReadPassphrase(const std::string& path, const FileImages& images,
                                          DiagnosticSink* sink);

}  // namespace mantlet::certs

#endif  // MANTLET_CERTS_IMAGE_LOOKUP_H_
