// Finding a file's content among those that were read.

#ifndef MANTLET_CERTS_IMAGE_LOOKUP_H_
#define MANTLET_CERTS_IMAGE_LOOKUP_H_

#include <optional>
#include <string>

#include "certs/file_images.h"
#include "certs/finding_sink.h"

namespace mantlet::certs {

// The cure for what does not parse, unless the sentence brings its own.
inline std::string CureOf(const std::string& why) {
  if (why.find("; ") != std::string::npos) return "";
  return "put the whole file in its place; if it is just being replaced, this passes";
}

// The content of `path`, which stays the images'; null after telling the sink
// why there is none.
const FileContent* FindContent(const std::string& path, const FileImages& images,
                               FindingSink* sink);

// The passphrase in the file `path`, for the caller to wipe: one line end at its
// end is no part of it. Nothing after telling the sink that it cannot be read.
std::optional<std::string> ReadPassphrase(const std::string& path, const FileImages& images,
                                          FindingSink* sink);

}  // namespace mantlet::certs

#endif  // MANTLET_CERTS_IMAGE_LOOKUP_H_
