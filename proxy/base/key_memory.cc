#include "proxy/base/key_memory.h"

#include <atomic>
#include <cstdlib>
#include <cstring>

#include "proxy/base/exhaustion.h"

namespace mantlet::base {
namespace {

// Address space for twenty thousand RSA keys of 4096 bits: twice the most that is loaded, because a
// reload has the old and the new ones.
constexpr size_t kAddressSpace = size_t{256} << 20;

// These are global because the library's functions for memory are. The arena is never destroyed:
// the library frees blocks until the process has ended.
constinit std::atomic<KeyArena*> the_arena{nullptr};
constinit thread_local int scopes = 0;

KeyArena* Arena() {
  static auto* const arena = new KeyArena(kAddressSpace);
  return arena;
}

}  // namespace

KeyMemoryScope::KeyMemoryScope() {
  if (the_arena.load(std::memory_order_acquire) == nullptr) the_arena = Arena();
  ++scopes;
}

KeyMemoryScope::~KeyMemoryScope() { --scopes; }

void* AllocateKeyMemory(size_t size) {
  const KeyMemoryScope scope;
  void* const block = KeyArenaInScope()->Allocate(size);
  return block != nullptr ? block : MallocOrEnd(size);
}

void FreeKeyMemory(void* block, size_t size) {
  if (KeyArena* const arena = KeyArenaOf(block)) {
    arena->Free(block);
    return;
  }
  explicit_bzero(block, size);
  std::free(block);
}

KeyArena* KeyArenaInScope() {
  return scopes == 0 ? nullptr : the_arena.load(std::memory_order_acquire);
}

KeyArena* KeyArenaOf(const void* block) {
  KeyArena* const arena = the_arena.load(std::memory_order_acquire);
  return arena != nullptr && arena->Contains(block) ? arena : nullptr;
}

KeyMemoryUse ReadKeyMemoryUse() {
  const KeyArena* const arena = the_arena.load(std::memory_order_acquire);
  return arena == nullptr ? KeyMemoryUse{} : arena->use();
}

}  // namespace mantlet::base
