// The threshold for back-pressure between the two sides of an exchange or a tunnel.

#ifndef MANTLET_PROXY_SESSION_BACK_PRESSURE_H_
#define MANTLET_PROXY_SESSION_BACK_PRESSURE_H_

#include <cstddef>

#include "proxy/io/byte_stream.h"

namespace mantlet::session {

// When one side has more than this many bytes to write, the other side is not read. The value holds
// several reads, enough to keep a fast peer busy.
inline constexpr size_t kHighWaterBytes = 256 * 1024;

inline bool OverHighWater(const io::ByteStream& stream) {
  return stream.buffered() > kHighWaterBytes;
}

}  // namespace mantlet::session

#endif  // MANTLET_PROXY_SESSION_BACK_PRESSURE_H_
