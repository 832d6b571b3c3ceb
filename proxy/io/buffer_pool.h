// BufferPool lends write buffers. A connection holds one only while it has bytes to write, so that
// idle connections hold none. One pool per loop, used on its thread only.

#ifndef MANTLET_PROXY_IO_BUFFER_POOL_H_
#define MANTLET_PROXY_IO_BUFFER_POOL_H_

#include <cstddef>
#include <string>
#include <utility>
#include <vector>

namespace mantlet::io {

class BufferPool;

// PooledBuffer is a buffer of a BufferPool, or none. Its destructor gives it back to the pool,
// which must outlive it. Without a buffer its text is empty and must not be written. A moved buffer
// is none.
class PooledBuffer {
 public:
  PooledBuffer() = default;
  PooledBuffer(PooledBuffer&& other) noexcept
      : pool_(std::exchange(other.pool_, nullptr)), text_(std::exchange(other.text_, {})) {}
  PooledBuffer& operator=(PooledBuffer&& other) noexcept {
    std::swap(pool_, other.pool_);
    text_.swap(other.text_);
    other.Release();
    return *this;
  }
  ~PooledBuffer() { Release(); }

  explicit operator bool() const { return pool_ != nullptr; }
  std::string& operator*() { return text_; }
  const std::string& operator*() const { return text_; }
  std::string* operator->() { return &text_; }
  const std::string* operator->() const { return &text_; }
  // Gives the buffer back, if there is one.
  inline void Release();

 private:
  friend class BufferPool;
  PooledBuffer(BufferPool* pool, std::string text) : pool_(pool), text_(std::move(text)) {}

  BufferPool* pool_ = nullptr;
  std::string text_;
};

class BufferPool {
 public:
  // Returns an empty buffer with some capacity, usually one that was used before.
  PooledBuffer Acquire() {
    std::string buffer;
    if (free_.empty()) {
      buffer.reserve(kFirstCapacity);
    } else {
      buffer = std::move(free_.back());
      free_.pop_back();
      kept_bytes_ -= buffer.capacity();
    }
    return {this, std::move(buffer)};
  }

  // Frees the buffers that are not lent.
  void Clear() {
    free_.clear();
    kept_bytes_ = 0;
  }

 private:
  friend class PooledBuffer;

  // Keeps the memory of `buffer` for the next Acquire(). Large buffers, and more than the pool
  // keeps, are freed.
  void Keep(std::string buffer) {
    if (buffer.capacity() < kMinCapacity || buffer.capacity() > kMaxCapacity ||
        kept_bytes_ + buffer.capacity() > kMaxKeptBytes) {
      return;
    }
    buffer.clear();
    kept_bytes_ += buffer.capacity();
    free_.push_back(std::move(buffer));
  }

  static constexpr size_t kFirstCapacity = 1024;
  static constexpr size_t kMinCapacity = 256;
  static constexpr size_t kMaxCapacity = 256 * 1024;
  static constexpr size_t kMaxKeptBytes = 4 * 1024 * 1024;  // per loop
  std::vector<std::string> free_;
  size_t kept_bytes_ = 0;  // the capacities of free_
};

inline void PooledBuffer::Release() {
  if (pool_ != nullptr) std::exchange(pool_, nullptr)->Keep(std::exchange(text_, {}));
}

}  // namespace mantlet::io

#endif  // MANTLET_PROXY_IO_BUFFER_POOL_H_
