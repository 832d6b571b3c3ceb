// BlockPool is an allocator for nghttp2 that keeps freed blocks for reuse. A request costs nghttp2
// five to ten small blocks of a few sizes, and many streams begin and end in one turn of the loop:
// more at a time than malloc keeps in its own quick lists. Blocks are malloc's, so that any of them
// can also be passed to realloc.
//
// One loop's thread only. Outlives the sessions that use it.

#ifndef MANTLET_PROXY_HTTP2_BLOCK_POOL_H_
#define MANTLET_PROXY_HTTP2_BLOCK_POOL_H_

#include <array>
#include <cstddef>

namespace mantlet::http2 {

class BlockPool {
 public:
  BlockPool() = default;
  ~BlockPool();
  BlockPool(const BlockPool&) = delete;

  // As malloc: null if there is no memory.
  void* Allocate(size_t size);
  // Takes a block of malloc, of any size; null is allowed.
  void Free(void* block);

  // Returns the bytes that are kept.
  size_t kept() const { return kept_; }

 private:
  // The usable sizes of glibc's blocks are 24, 40, 56 and so on.
  static constexpr size_t kLeast = 24;
  static constexpr size_t kStep = 16;
  static constexpr size_t kClasses = 16;  // up to 264 bytes
  static constexpr size_t kMostKept = 128 * 1024;

  struct Block {
    Block* next;
  };

  std::array<Block*, kClasses> free_ = {};
  size_t kept_ = 0;
};

}  // namespace mantlet::http2

#endif  // MANTLET_PROXY_HTTP2_BLOCK_POOL_H_
