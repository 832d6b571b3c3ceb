// Writes small files atomically: the file at the path is either the old or the new one, never a
// part of one.

#ifndef MANTLET_CERTS_FILE_WRITER_H_
#define MANTLET_CERTS_FILE_WRITER_H_

#include <string>

#include "absl/status/status.h"

namespace mantlet::certs {

// Writes to a temporary file in the same directory and renames it. `mode` is independent of the
// umask. Errors contain the path.
absl::Status WriteFileAtomically(const std::string& path, const std::string& bytes, unsigned mode);

// Creates the directory and its missing parents with mode 0700.
absl::Status MakeDirectories(const std::string& path);

}  // namespace mantlet::certs

#endif  // MANTLET_CERTS_FILE_WRITER_H_
