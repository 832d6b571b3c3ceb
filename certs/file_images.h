// FileImages maps paths to the content of all files of one reading. A file that could not be read
// has an error.

#ifndef MANTLET_CERTS_FILE_IMAGES_H_
#define MANTLET_CERTS_FILE_IMAGES_H_

#include <map>
#include <string>

#include "absl/status/statusor.h"
#include "certs/file_reader.h"

namespace mantlet::certs {

// The contents include private keys and passphrases: call Wipe() after use.
using FileImages = std::map<std::string, absl::StatusOr<FileContent>>;

void Wipe(FileImages* images);

}  // namespace mantlet::certs

#endif  // MANTLET_CERTS_FILE_IMAGES_H_
