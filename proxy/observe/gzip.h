// Compression of a response in the gzip format (RFC 1952). Pure.

#ifndef MANTLET_PROXY_OBSERVE_GZIP_H_
#define MANTLET_PROXY_OBSERVE_GZIP_H_

#include <optional>
#include <string>
#include <string_view>

namespace mantlet::observe {

// Returns nullopt if there is not enough memory.
std::optional<std::string> Gzip(std::string_view text);

}  // namespace mantlet::observe

#endif  // MANTLET_PROXY_OBSERVE_GZIP_H_
