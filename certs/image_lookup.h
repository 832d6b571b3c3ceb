// Finding a file's content among those that were read.

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

// The content of `path`, which stays the images'; null after telling the sink
// why there is none.
const FileContent* FindContent(const std::string& path, const FileImages& images,
                               DiagnosticSink* sink);

// Tells the sink why the content of `path` cannot be used; `status` is as certs/fault.h
// has it.
void ReportUnparsable(const std::string& path, const absl::Status& status, DiagnosticSink* sink);

// The passphrase in the file `path`, for the caller to wipe: one line end at its
// end is no part of it. Nothing after telling the sink that it cannot be read.
std::optional<std::string> ReadPassphrase(const std::string& path, const FileImages& images,
                                          DiagnosticSink* sink);

}  // namespace mantlet::certs

#endif  // MANTLET_CERTS_IMAGE_LOOKUP_H_
