// The memory of BoringSSL. Its library calls these functions, which it declares weak, instead of
// malloc(3) and free(3) if a program has them (crypto/mem.c). While a KeyMemoryScope is alive, they
// allocate locked memory.
//
// A lack of memory ends the process. BoringSSL itself reports it as an error of what it was doing,
// but such an error looks like one of the input: a trust anchor whose name could not be copied is
// no longer found, and stays so until the next reload, although the memory is there again.

#include <malloc.h>
#include <openssl/mem.h>

#include <algorithm>
#include <cstdlib>

#include "proxy/base/exhaustion.h"
#include "proxy/base/key_memory.h"

extern "C" {

// NOLINTBEGIN(readability-identifier-naming): the names are the library's.
void* OPENSSL_memory_alloc(size_t size);
void OPENSSL_memory_free(void* block);
size_t OPENSSL_memory_get_size(void* block);
// NOLINTEND(readability-identifier-naming)

// A block has at least one byte, so that malloc_usable_size() never tells of more than there is.
void* OPENSSL_memory_alloc(size_t size) {
  if (mantlet::base::KeyArena* const arena = mantlet::base::KeyArenaInScope()) {
    if (void* const block = arena->Allocate(size)) return block;
  }
  return mantlet::base::MallocOrEnd(std::max<size_t>(size, 1));
}

// Overwrites the block, as BoringSSL's own function does: it may have held a key.
void OPENSSL_memory_free(void* block) {
  if (mantlet::base::KeyArena* const arena = mantlet::base::KeyArenaOf(block)) {
    arena->Free(block);
    return;
  }
  OPENSSL_cleanse(block, malloc_usable_size(block));
  std::free(block);
}

size_t OPENSSL_memory_get_size(void* block) {
  const mantlet::base::KeyArena* const arena = mantlet::base::KeyArenaOf(block);
  return arena != nullptr ? arena->SizeOf(block) : malloc_usable_size(block);
}
}
