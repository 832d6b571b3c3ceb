// Writes small files as a whole: the file at the path is either the old one or the new one, never
// a part of one.

#ifndef MANTLET_CERTS_FILE_WRITER_H_
#define MANTLET_CERTS_FILE_WRITER_H_

#include <string>

#include "absl/status/status.h"

namespace mantlet::certs {

// By way of a temporary file in the same directory. `mode` does not depend on
// the umask. Errors name the path.
absl::Status WriteFileAtomically(const std::string& path, const std::string& bytes, unsigned mode);

// The directory and those above it, as far as missing. New ones get mode 0700.
absl::Status MakeDirectories(const std::string& path);

}  // namespace mantlet::certs

#endif  // MANTLET_CERTS_FILE_WRITER_H_
