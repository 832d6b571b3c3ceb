// The threshold for back-pressure between the two sides of an exchange or a tunnel.

#ifndef MANTLET_PROXY_SESSION_BACK_PRESSURE_H_
#define MANTLET_PROXY_SESSION_BACK_PRESSURE_H_

#include <cstddef>

#include "proxy/io/byte_stream.h"
#include "proxy/io/loop.h"

namespace mantlet::session {

// When one side has more than this many bytes to write, the other side is not read. The value holds
// several reads, enough to keep a fast peer busy. It is less when memory is scarce
// (base/memory_budget.h).
inline constexpr size_t kHighWaterBytes = 256 * 1024;

inline bool OverHighWater(const io::Loop& loop, const io::ByteStream& stream) {
  return stream.buffered() > loop.BufferLimit(kHighWaterBytes);
}

}  // namespace mantlet::session

#endif  // MANTLET_PROXY_SESSION_BACK_PRESSURE_H_
