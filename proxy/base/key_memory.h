// The memory of this process for private keys, a KeyArena, and the scope that directs the TLS
// library's allocations there: the library decides itself what it allocates, and calls functions
// without a parameter for the place (x509/library_memory).
//
// A scope surrounds what creates a key or the values that the library derives from it. Blocks may
// be used and freed outside of it, by any thread.

#ifndef MANTLET_PROXY_BASE_KEY_MEMORY_H_
#define MANTLET_PROXY_BASE_KEY_MEMORY_H_

#include <cstddef>

#include "proxy/base/key_arena.h"

namespace mantlet::base {

// While one is alive, what its thread allocates by the TLS library is in the memory for keys.
// Scopes may be nested.
class KeyMemoryScope {
 public:
  KeyMemoryScope();
  ~KeyMemoryScope();
  KeyMemoryScope(const KeyMemoryScope&) = delete;
  KeyMemoryScope& operator=(const KeyMemoryScope&) = delete;
};

// Allocates and frees memory for a key that is not the library's. Never null: without memory the
// process ends. The memory is overwritten when it is freed.
void* AllocateKeyMemory(size_t size);
void FreeKeyMemory(void* block, size_t size);

// Returns the arena if a scope of this thread is alive, else null.
KeyArena* KeyArenaInScope();

// Returns the arena that contains the block, or null: then it is on the heap.
KeyArena* KeyArenaOf(const void* block);

// Returns zeros if there was no scope yet.
KeyMemoryUse ReadKeyMemoryUse();

}  // namespace mantlet::base

#endif  // MANTLET_PROXY_BASE_KEY_MEMORY_H_
