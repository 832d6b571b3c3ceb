// FileImages holds every file of one reading by its path. A file that could not be read is there
// with its error.

#ifndef MANTLET_CERTS_FILE_IMAGES_H_
#define MANTLET_CERTS_FILE_IMAGES_H_

#include <map>
#include <string>

#include "absl/status/statusor.h"
#include "certs/file_reader.h"

namespace mantlet::certs {

// Private keys and passphrases are among them: Wipe() when they have been used.
using FileImages = std::map<std::string, absl::StatusOr<FileContent>>;

void Wipe(FileImages* images);

}  // namespace mantlet::certs

#endif  // MANTLET_CERTS_FILE_IMAGES_H_
