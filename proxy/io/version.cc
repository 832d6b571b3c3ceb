#include "proxy/io/version.h"

#include <uv.h>

namespace mantlet::io {

std::string LibuvVersion() { return uv_version_string(); }

}  // namespace mantlet::io
