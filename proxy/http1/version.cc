#include "proxy/http1/version.h"

#include <llhttp.h>

namespace mantlet::http1 {

std::string LlhttpVersion() {
  return std::to_string(LLHTTP_VERSION_MAJOR) + "." + std::to_string(LLHTTP_VERSION_MINOR) + "." +
         std::to_string(LLHTTP_VERSION_PATCH);
}

}  // namespace mantlet::http1
