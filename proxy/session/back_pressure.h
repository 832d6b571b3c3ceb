// When one side of an exchange or a tunnel takes less than the other sends.

#ifndef MANTLET_PROXY_SESSION_BACK_PRESSURE_H_
#define MANTLET_PROXY_SESSION_BACK_PRESSURE_H_

#include <cstddef>

#include "proxy/io/byte_stream.h"

namespace mantlet::session {

// Beyond this much that one side has not taken, the other is not read. It holds a
// few reads, enough to keep a fast peer busy.
inline constexpr size_t kHighWaterBytes = 256 * 1024;

inline bool OverHighWater(const io::ByteStream& stream) {
  return stream.buffered() > kHighWaterBytes;
}

}  // namespace mantlet::session

#endif  // MANTLET_PROXY_SESSION_BACK_PRESSURE_H_
