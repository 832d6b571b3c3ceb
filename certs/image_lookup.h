// Finding a file's content among those that were read.

#ifndef MANTLET_CERTS_IMAGE_LOOKUP_H_
#define MANTLET_CERTS_IMAGE_LOOKUP_H_

#include <string>

#include "certs/file_images.h"
#include "certs/finding_sink.h"

namespace mantlet::certs {

// The content of `path`, which stays the images'; null after telling the sink
// why there is none.
const FileContent* FindContent(const std::string& path, const FileImages& images,
                               FindingSink* sink);

}  // namespace mantlet::certs

#endif  // MANTLET_CERTS_IMAGE_LOOKUP_H_
