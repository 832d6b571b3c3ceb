#include "proxy/http2/block_pool.h"

#include <malloc.h>

#include <cstdlib>
#include <utility>

namespace mantlet::http2 {

BlockPool::~BlockPool() {
  for (Block* block : free_) {
    while (block != nullptr) std::free(std::exchange(block, block->next));
  }
}

// Every block of a class has at least the size of the class: the size is rounded up here, and down
// in Free().
void* BlockPool::Allocate(size_t size) {
  const size_t index = size <= kLeast ? 0 : (size - kLeast + kStep - 1) / kStep;
  if (index >= kClasses || free_[index] == nullptr) return std::malloc(size);
  Block* const block = free_[index];
  free_[index] = block->next;
  kept_ -= kLeast + index * kStep;
  return block;
}

void BlockPool::Free(void* block) {
  if (block == nullptr) return;
#if !defined(__SANITIZE_ADDRESS__) && !defined(FUZZING_BUILD_MODE_UNSAFE_FOR_PRODUCTION)
  // Under a sanitizer nothing is kept, so that it sees every use of a block that was freed.
  const size_t size = malloc_usable_size(block);
  const size_t index = (size - kLeast) / kStep;
  const size_t kept = kLeast + index * kStep;
  if (size >= kLeast && index < kClasses && kept_ + kept <= kMostKept) {
    auto* const freed = static_cast<Block*>(block);
    freed->next = std::exchange(free_[index], freed);
    kept_ += kept;
    return;
  }
#endif
  std::free(block);
}

}  // namespace mantlet::http2
