#include "proxy/base/block_pool.h"

#include <malloc.h>

#include <cstdlib>
#include <new>
#include <utility>

#include "proxy/base/check.h"
#include "proxy/base/exhaustion.h"

namespace mantlet::base {
namespace {

// Under a sanitizer nothing is kept, so that it sees every use of a block that was freed.
#if defined(__SANITIZE_ADDRESS__) || defined(FUZZING_BUILD_MODE_UNSAFE_FOR_PRODUCTION)
constexpr bool kKeeps = false;
#else
constexpr bool kKeeps = true;
#endif

// In front of a PooledObject lies the address of its pool.
constexpr size_t kPrefix = alignof(std::max_align_t);

}  // namespace

BlockPool::~BlockPool() { Clear(); }

void BlockPool::Clear() {
  for (Block*& first : free_) {
    while (first != nullptr) std::free(std::exchange(first, first->next));
  }
  kept_ = 0;
}

// Every block of a class has at least the size of the class: the size is rounded up here, and down
// in Free(). glibc's malloc would round it up by itself, another one (preloaded) may not.
void* BlockPool::Allocate(size_t size) {
  const size_t index = ClassFor(size);
  if (index >= kClasses) return std::malloc(size);
  if (free_[index] == nullptr) return std::malloc(kLeast + index * kStep);
  Block* const block = free_[index];
  free_[index] = block->next;
  kept_ -= kLeast + index * kStep;
  return block;
}

void BlockPool::Free(void* block) {
  if (block == nullptr) return;
  const size_t size = malloc_usable_size(block);
  if (size < kLeast) {
    std::free(block);
    return;
  }
  Keep(block, (size - kLeast) / kStep);
}

void BlockPool::Keep(void* block, size_t index) {
  const size_t kept = kLeast + index * kStep;
  if (!kKeeps || index >= kClasses || kept_ + kept > kMostKept) {
    std::free(block);
    return;
  }
  auto* const freed = static_cast<Block*>(block);
  freed->next = std::exchange(free_[index], freed);
  kept_ += kept;
}

void* BlockPool::do_allocate(size_t size, size_t alignment) {
  MANTLET_CHECK(alignment <= alignof(std::max_align_t), "a block with an unusual alignment");
  void* const block = Allocate(size);
  if (block == nullptr) EndOutOfMemory();
  return block;
}

// Allocate() has rounded the size up as ClassFor() does.
void BlockPool::do_deallocate(void* block, size_t size, size_t) { Keep(block, ClassFor(size)); }

void* PooledObject::operator new(size_t size, BlockPool& pool) {
  void* const block = pool.allocate(kPrefix + size);
  ::new (block) BlockPool*(&pool);
  return static_cast<char*>(block) + kPrefix;
}

void PooledObject::operator delete(void* object) {
  void* const block = static_cast<char*>(object) - kPrefix;
  (*static_cast<BlockPool**>(block))->Free(block);
}

}  // namespace mantlet::base
