// The version of the library that frames HTTP/2. Any thread.

#ifndef MANTLET_PROXY_HTTP2_VERSION_H_
#define MANTLET_PROXY_HTTP2_VERSION_H_

#include <string>

namespace mantlet::http2 {

// Returns the version of nghttp2 that this process runs with, e.g. "1.52.0".
std::string Nghttp2Version();

}  // namespace mantlet::http2

#endif  // MANTLET_PROXY_HTTP2_VERSION_H_
