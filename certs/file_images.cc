#include "certs/file_images.h"

#include "proxy/x509/wipe.h"

namespace mantlet::certs {

void Wipe(FileImages* images) {
  for (auto& [path, image] : *images) {
    if (image.ok()) x509::Wipe(&image->bytes);
  }
}

}  // namespace mantlet::certs
