#ifndef MANTLET_PROXY_IO_VERSION_H_
#define MANTLET_PROXY_IO_VERSION_H_

#include <string>

namespace mantlet::io {

// The libuv this process runs with, e.g. "1.44.2".
std::string LibuvVersion();

}  // namespace mantlet::io

#endif  // MANTLET_PROXY_IO_VERSION_H_
