// BlockPool is an allocator that keeps freed blocks for reuse, for what is allocated anew with each
// HTTP/2 stream: nghttp2's small blocks, header lists, the streams themselves. Many streams begin
// and end in one turn of the loop, more at a time than malloc keeps in its own quick lists. Blocks
// are malloc's, so that any of them can also be passed to realloc.
//
// One thread only. Outlives everything that uses it.

#ifndef MANTLET_PROXY_BASE_BLOCK_POOL_H_
#define MANTLET_PROXY_BASE_BLOCK_POOL_H_

#include <array>
#include <cstddef>
#include <memory_resource>

namespace mantlet::base {

class BlockPool final : public std::pmr::memory_resource {
 public:
  BlockPool() = default;
  ~BlockPool() override;
  BlockPool(const BlockPool&) = delete;

  // As malloc: null if there is no memory.
  void* Allocate(size_t size);
  // Takes a block of malloc, of any size; null is allowed.
  void Free(void* block);

  // Frees what is kept.
  void Clear();
  // Returns the bytes that are kept.
  size_t kept() const { return kept_; }

 private:
  // The usable sizes of glibc's blocks are 24, 40, 56 and so on.
  static constexpr size_t kLeast = 24;
  static constexpr size_t kStep = 16;
  static constexpr size_t kClasses = 160;  // up to 2,568 bytes
  static constexpr size_t kMostKept = size_t{2} * 1024 * 1024;

  struct Block {
    Block* next;
  };

  // std::pmr::memory_resource. The process ends if there is no memory.
  void* do_allocate(size_t size, size_t alignment) override;
  void do_deallocate(void* block, size_t size, size_t alignment) override;
  bool do_is_equal(const std::pmr::memory_resource& other) const noexcept override {
    return this == &other;
  }

  // Returns the smallest class whose blocks hold `size` bytes.
  static size_t ClassFor(size_t size) {
    return size <= kLeast ? 0 : (size - kLeast + kStep - 1) / kStep;
  }
  void Keep(void* block, size_t index);

  std::array<Block*, kClasses> free_ = {};
  size_t kept_ = 0;
};

// PooledObject is a base of classes whose objects take their memory from a BlockPool:
// `new (pool) T(…)`. The pool gets it back by `delete`.
class PooledObject {
 public:
  static void* operator new(size_t size, BlockPool& pool);
  static void operator delete(void* object);
  // Called if a constructor throws.
  static void operator delete(void* object, BlockPool&) { operator delete(object); }

 protected:
  PooledObject() = default;
  ~PooledObject() = default;
};

}  // namespace mantlet::base

#endif  // MANTLET_PROXY_BASE_BLOCK_POOL_H_
