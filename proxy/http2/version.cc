#include "proxy/http2/version.h"

#include <nghttp2/nghttp2.h>

namespace mantlet::http2 {

std::string Nghttp2Version() { return nghttp2_version(0)->version_str; }

}  // namespace mantlet::http2
