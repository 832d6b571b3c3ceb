// BufferPool lends write buffers: a connection holds one only while it has bytes to write, so that
// an idle connection costs none. One pool per loop, used on its thread only.

#ifndef MANTLET_PROXY_IO_BUFFER_POOL_H_
#define MANTLET_PROXY_IO_BUFFER_POOL_H_

#include <cstddef>
#include <string>
#include <utility>
#include <vector>

namespace mantlet::io {

class BufferPool {
 public:
  // Returns an empty buffer with some capacity, usually one that was used before.
  std::string Acquire() {
    if (free_.empty()) {
      std::string buffer;
      buffer.reserve(kFirstCapacity);
      return buffer;
    }
    std::string buffer = std::move(free_.back());
    free_.pop_back();
    return buffer;
  }

  // Whether this string has no memory but its own few bytes: the state of a buffer that
  // was never taken or was given back.
  static bool IsNone(const std::string& buffer) {
    return buffer.capacity() == std::string().capacity();
  }

  // Gives a buffer back. Large ones, and more than the pool keeps, are freed: by value,
  // so that nothing stays with the giver (to assign an empty string keeps the capacity).
  void Release(std::string buffer) {
    if (buffer.capacity() < kMinCapacity || buffer.capacity() > kMaxCapacity ||
        free_.size() >= kMaxBuffers) {
      return;
    }
    buffer.clear();
    free_.push_back(std::move(buffer));
  }

  // Frees the buffers that are not lent.
  void Clear() { free_.clear(); }

 private:
  static constexpr size_t kFirstCapacity = 1024;
  static constexpr size_t kMinCapacity = 256;
  static constexpr size_t kMaxCapacity = 256 * 1024;
  static constexpr size_t kMaxBuffers = 16;  // at most 4 MiB a loop
  std::vector<std::string> free_;
};

}  // namespace mantlet::io

#endif  // MANTLET_PROXY_IO_BUFFER_POOL_H_
