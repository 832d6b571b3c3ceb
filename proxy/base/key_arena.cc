#include "proxy/base/key_arena.h"

#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <bit>
#include <cerrno>
#include <cstring>
#include <iterator>

namespace mantlet::base {
namespace {

size_t PageBytes() { return static_cast<size_t>(sysconf(_SC_PAGESIZE)); }

// Returns the first bit from `from` on that is set, or clear if `flip` is all ones; the number of
// bits if there is none.
template <typename Bits>
size_t NextBit(const Bits& bits, size_t from, uint64_t flip) {
  for (size_t word = from / 64; word < bits.size(); ++word) {
    uint64_t found = bits[word] ^ flip;
    if (word == from / 64) found &= ~uint64_t{0} << from % 64;
    if (found != 0) return word * 64 + static_cast<size_t>(std::countr_zero(found));
  }
  return bits.size() * 64;
}

template <typename Bits>
size_t NextSet(const Bits& bits, size_t from) {
  return NextBit(bits, from, 0);
}

template <typename Bits>
size_t NextClear(const Bits& bits, size_t from) {
  return NextBit(bits, from, ~uint64_t{0});
}

template <typename Bits>
void Flip(Bits& bits, size_t index) {
  bits[index / 64] ^= uint64_t{1} << index % 64;
}

}  // namespace

size_t KeyArena::Chunk::Find(size_t cells) const {
  for (size_t at = NextClear(taken, 0); at < kCells;) {
    const size_t end = NextSet(taken, at);
    if (end - at >= cells) return at;
    at = NextClear(taken, end);
  }
  return kCells;
}

size_t KeyArena::Chunk::End(size_t first) const { return NextSet(last, first) + 1; }

void KeyArena::Chunk::Set(size_t first, size_t end) {
  for (size_t cell = first; cell < end; ++cell) Flip(taken, cell);
  Flip(last, end - 1);
  used += end - first;
}

void KeyArena::Chunk::Clear(size_t first, size_t end) {
  for (size_t cell = first; cell < end; ++cell) Flip(taken, cell);
  Flip(last, end - 1);
  used -= end - first;
}

KeyArena::KeyArena(size_t bytes) {
  const size_t page = PageBytes();
  void* const whole = mmap(nullptr, bytes + 2 * page, PROT_NONE,
                           MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (whole == MAP_FAILED) {
    use_.lock_error = errno;
    return;
  }
  bytes_ = bytes;
  begin_ = static_cast<char*>(whole) + page;
  // Kernels that lack these also work without them: the process is not dumpable and never forks.
  (void)madvise(begin_, bytes_, MADV_DONTDUMP);
  (void)madvise(begin_, bytes_, MADV_WIPEONFORK);
  chunks_.resize(bytes_ / kChunkBytes);
  most_free_.resize(chunks_.size());
}

KeyArena::~KeyArena() {
  const size_t page = PageBytes();
  if (bytes_ != 0) munmap(begin_ - page, bytes_ + 2 * page);
}

bool KeyArena::Map(size_t chunk) {
  if (mprotect(At(chunk), kChunkBytes, PROT_READ | PROT_WRITE) != 0) {
    use_.lock_error = errno;
    return false;
  }
  chunks_[chunk] = std::make_unique<Chunk>();
  chunks_[chunk]->locked = mlock(At(chunk), kChunkBytes) == 0;
  if (!chunks_[chunk]->locked) {
    use_.lock_error = errno;
    use_.unlocked_bytes += kChunkBytes;
  }
  use_.mapped_bytes += kChunkBytes;
  most_free_[chunk] = kCells;
  ++empty_chunks_;
  return true;
}

// The pages are given back before they become inaccessible: a locked page cannot be.
void KeyArena::Unmap(size_t chunk) {
  if (chunks_[chunk]->locked) {
    munlock(At(chunk), kChunkBytes);
  } else {
    use_.unlocked_bytes -= kChunkBytes;
  }
  (void)madvise(At(chunk), kChunkBytes, MADV_DONTNEED);
  (void)mprotect(At(chunk), kChunkBytes, PROT_NONE);
  chunks_[chunk] = nullptr;
  most_free_[chunk] = 0;
  use_.mapped_bytes -= kChunkBytes;
  --empty_chunks_;
}

void* KeyArena::AllocateIn(size_t chunk, size_t cells) {
  Chunk& in = *chunks_[chunk];
  const size_t first = in.Find(cells);
  if (first == kCells) {
    most_free_[chunk] = static_cast<uint16_t>(cells - 1);
    return nullptr;
  }
  if (in.used == 0) --empty_chunks_;
  in.Set(first, first + cells);
  use_.block_bytes += cells * kCellBytes;
  return At(chunk) + first * kCellBytes;
}

void* KeyArena::Allocate(size_t size) {
  if (size > kLargestBlock) return nullptr;
  const size_t cells = std::max<size_t>((size + kCellBytes - 1) / kCellBytes, 1);
  const std::lock_guard lock(mutex_);
  for (size_t chunk = 0; chunk < most_free_.size(); ++chunk) {
    if (most_free_[chunk] < cells) continue;
    if (void* const block = AllocateIn(chunk, cells)) return block;
  }
  const auto unmapped = static_cast<size_t>(
      std::distance(chunks_.begin(), std::find(chunks_.begin(), chunks_.end(), nullptr)));
  if (unmapped < chunks_.size() && Map(unmapped)) return AllocateIn(unmapped, cells);
  use_.refused = true;
  return nullptr;
}

size_t KeyArena::NumberOf(const void* block) const {
  return static_cast<size_t>(static_cast<const char*>(block) - begin_) / kChunkBytes;
}

KeyArena::Chunk& KeyArena::ChunkOf(const void* block, size_t* cell) const {
  const size_t number = NumberOf(block);
  *cell = static_cast<size_t>(static_cast<const char*>(block) - At(number)) / kCellBytes;
  return *chunks_[number];
}

void KeyArena::Free(void* block) {
  const std::lock_guard lock(mutex_);
  size_t first = 0;
  Chunk& chunk = ChunkOf(block, &first);
  const size_t end = chunk.End(first);
  const size_t number = NumberOf(block);
  explicit_bzero(block, (end - first) * kCellBytes);
  chunk.Clear(first, end);
  most_free_[number] = kCells;
  use_.block_bytes -= (end - first) * kCellBytes;
  if (chunk.used != 0) return;
  // One chunk stays, so that a block that comes and goes costs no calls of the system.
  if (++empty_chunks_ > 1) Unmap(number);
}

size_t KeyArena::SizeOf(const void* block) const {
  const std::lock_guard lock(mutex_);
  size_t first = 0;
  const Chunk& chunk = ChunkOf(block, &first);
  return (chunk.End(first) - first) * kCellBytes;
}

KeyMemoryUse KeyArena::use() const {
  const std::lock_guard lock(mutex_);
  return use_;
}

}  // namespace mantlet::base
