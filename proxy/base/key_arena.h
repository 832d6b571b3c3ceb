// KeyArena allocates memory for private keys: pages that are locked (mlock(2)), so that they are
// never written to swap, that no core dump contains, and that a child process gets without their
// contents. Inaccessible pages are before and behind them. A block is overwritten when it is freed,
// and pages that hold no block any more are given back.
//
// If the system refuses to lock pages (RLIMIT_MEMLOCK), they are used nevertheless; use() tells.
// What describes the blocks is elsewhere, so an overrun of one block cannot damage it.
//
// Any thread. An arena takes address space for all that it may ever hold, and memory for what it
// holds.

#ifndef MANTLET_PROXY_BASE_KEY_ARENA_H_
#define MANTLET_PROXY_BASE_KEY_ARENA_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <vector>

namespace mantlet::base {

struct KeyMemoryUse {
  size_t block_bytes = 0;     // in blocks, with what rounding adds
  size_t mapped_bytes = 0;    // in pages that are accessible
  size_t unlocked_bytes = 0;  // of these, in pages that could not be locked
  int lock_error = 0;         // errno of the last refusal to lock or to map; 0: there was none
  bool refused = false;       // a block of a key had to be placed elsewhere
};

class KeyArena {
 public:
  // A multiple of every page size; as small as the smallest usual RLIMIT_MEMLOCK.
  static constexpr size_t kChunkBytes = 64 * 1024;
  // Larger than every number of a key, and than the text of one.
  static constexpr size_t kLargestBlock = 16 * 1024;

  // `bytes` is a multiple of kChunkBytes.
  explicit KeyArena(size_t bytes);
  // No block may be in use.
  ~KeyArena();
  KeyArena(const KeyArena&) = delete;
  KeyArena& operator=(const KeyArena&) = delete;

  // Returns a block aligned to 16 bytes; null if it would be larger than kLargestBlock, or if the
  // arena is full.
  void* Allocate(size_t size);
  void Free(void* block);
  // Returns how many bytes of the block may be used: at least the size it was allocated with.
  size_t SizeOf(const void* block) const;
  bool Contains(const void* address) const {
    return reinterpret_cast<uintptr_t>(address) - reinterpret_cast<uintptr_t>(begin_) < bytes_;
  }
  KeyMemoryUse use() const;

 private:
  static constexpr size_t kCellBytes = 16;
  static constexpr size_t kCells = kChunkBytes / kCellBytes;
  using Bits = std::array<uint64_t, kCells / 64>;

  struct Chunk {
    size_t Find(size_t cells) const;     // returns the first of so many free cells; kCells: none
    size_t End(size_t first) const;      // returns the cell behind the block
    void Set(size_t first, size_t end);  // makes a block of the cells
    void Clear(size_t first, size_t end);

    Bits taken{};     // cells that belong to a block
    Bits last{};      // the last cell of each block
    size_t used = 0;  // the number of cells taken
    bool locked = false;
  };

  char* At(size_t chunk) const { return begin_ + chunk * kChunkBytes; }
  size_t NumberOf(const void* block) const;  // of its chunk
  Chunk& ChunkOf(const void* block, size_t* cell) const;
  void* AllocateIn(size_t chunk, size_t cells);
  bool Map(size_t chunk);
  void Unmap(size_t chunk);

  size_t bytes_ = 0;       // 0: there is no address space
  char* begin_ = nullptr;  // the first page behind the inaccessible ones
  mutable std::mutex mutex_;
  // The following are guarded by mutex_. A chunk is null where no page is accessible.
  std::vector<std::unique_ptr<Chunk>> chunks_;
  // No run of free cells in the chunk is longer; apart from it, so that a search for room touches
  // little memory.
  std::vector<uint16_t> most_free_;
  size_t empty_chunks_ = 0;  // accessible ones without a block
  KeyMemoryUse use_;
};

}  // namespace mantlet::base

#endif  // MANTLET_PROXY_BASE_KEY_ARENA_H_
