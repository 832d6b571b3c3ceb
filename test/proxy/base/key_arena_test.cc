#include "proxy/base/key_arena.h"

#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <functional>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include "gtest/gtest.h"

namespace mantlet::base {
namespace {

// The sanitizers' mlock(2) does nothing.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool kLocks = false;
#else
constexpr bool kLocks = true;
#endif

constexpr size_t kChunk = KeyArena::kChunkBytes;
constexpr size_t kArena = 8 * kChunk;

bool IsAligned(const void* block) { return reinterpret_cast<uintptr_t>(block) % 16 == 0; }

bool IsZero(const void* bytes, size_t size) {
  const char* const first = static_cast<const char*>(bytes);
  return std::all_of(first, first + size, [](char c) { return c == 0; });
}

// Returns the flags of the mapping that contains the address (proc(5), smaps), or "" if none does.
std::string FlagsOf(const void* address) {
  std::ifstream smaps("/proc/self/smaps");
  bool inside = false;
  for (std::string line; std::getline(smaps, line);) {
    uintptr_t begin = 0, end = 0;
    char dash = 0;
    std::istringstream words(line);
    if (words >> std::hex >> begin >> dash >> end && dash == '-') {
      const auto at = reinterpret_cast<uintptr_t>(address);
      inside = begin <= at && at < end;
    }
    if (inside && line.starts_with("VmFlags:")) return line + " ";
  }
  return "";
}

bool Has(const std::string& flags, const std::string& flag) {
  return flags.find(" " + flag + " ") != std::string::npos;
}

// Runs `task` in a child that may lock no memory; returns its exit status.
int WithoutLocking(const std::function<int()>& task) {
  const pid_t child = fork();
  if (child == 0) {
    const rlimit none = {0, 0};
    // A user who may always lock becomes one who may not; his /proc stays readable.
    if (setuid(65534) == 0) prctl(PR_SET_DUMPABLE, 1);
    const bool ready = setrlimit(RLIMIT_MEMLOCK, &none) == 0;
    _exit(ready ? task() : 99);
  }
  int status = 0;
  waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

TEST(KeyArenaTest, BlocksAreAlignedAndApart) {
  KeyArena arena(kArena);
  std::vector<std::pair<char*, size_t>> blocks;
  for (size_t size = 0; size <= 700; ++size) {
    auto* const block = static_cast<char*>(arena.Allocate(size));
    ASSERT_NE(block, nullptr);
    ASSERT_TRUE(IsAligned(block)) << size;
    ASSERT_TRUE(arena.Contains(block));
    ASSERT_GE(arena.SizeOf(block), std::max<size_t>(size, 1));
    ASSERT_LT(arena.SizeOf(block), size + 17);
    std::memset(block, static_cast<int>(size), arena.SizeOf(block));
    blocks.emplace_back(block, size);
  }
  for (const auto& [block, size] : blocks) {
    const char expected = static_cast<char>(size);
    ASSERT_EQ(std::count(block, block + arena.SizeOf(block), expected), arena.SizeOf(block));
    arena.Free(block);
  }
  EXPECT_EQ(arena.use().block_bytes, 0u);
}

TEST(KeyArenaTest, AFreedBlockIsOverwrittenAndUsedAgain) {
  KeyArena arena(kArena);
  void* const neighbour = arena.Allocate(100);
  void* const block = arena.Allocate(1000);
  std::memset(neighbour, 'n', 100);
  std::memset(block, 'k', 1000);
  arena.Free(block);
  EXPECT_TRUE(IsZero(block, 1000));
  EXPECT_FALSE(IsZero(neighbour, 100));
  EXPECT_EQ(arena.Allocate(1000), block);
}

TEST(KeyArenaTest, NeighboursThatAreFreeBecomeOneBlock) {
  KeyArena arena(kChunk);
  std::vector<void*> blocks;
  while (void* const block = arena.Allocate(4096)) blocks.push_back(block);
  EXPECT_EQ(blocks.size(), kChunk / 4096);
  arena.Free(blocks[3]);
  EXPECT_EQ(arena.Allocate(8192), nullptr);
  arena.Free(blocks[4]);
  EXPECT_EQ(arena.Allocate(8192), blocks[3]);
}

TEST(KeyArenaTest, ItGrowsToItsEndAndGivesPagesBack) {
  KeyArena arena(kArena);
  EXPECT_EQ(arena.use().mapped_bytes, 0u);
  std::vector<void*> blocks;
  while (void* const block = arena.Allocate(KeyArena::kLargestBlock)) blocks.push_back(block);
  EXPECT_EQ(blocks.size(), kArena / KeyArena::kLargestBlock);
  EXPECT_EQ(arena.use().mapped_bytes, kArena);
  EXPECT_TRUE(arena.use().refused);
  for (void* const block : blocks) arena.Free(block);
  EXPECT_EQ(arena.use().mapped_bytes, kChunk);  // one stays for the next block
  void* const again = arena.Allocate(16);
  ASSERT_NE(again, nullptr);
  EXPECT_EQ(arena.use().mapped_bytes, kChunk);
}

TEST(KeyArenaTest, WhatIsNoKeyIsNotTaken) {
  KeyArena arena(kArena);
  EXPECT_EQ(arena.Allocate(KeyArena::kLargestBlock + 1), nullptr);
  EXPECT_FALSE(arena.use().refused);
  int other = 0;
  EXPECT_FALSE(arena.Contains(&other));
  EXPECT_FALSE(arena.Contains(nullptr));
}

TEST(KeyArenaTest, ItsPagesAreLockedAndNotInDumps) {
  if (!kLocks) GTEST_SKIP() << "a sanitizer locks nothing";
  KeyArena arena(kArena);
  char* const block = static_cast<char*>(arena.Allocate(100));
  const std::string flags = FlagsOf(block);
  if (arena.use().unlocked_bytes != 0) GTEST_SKIP() << "this process may not lock 64 KiB";
  EXPECT_TRUE(Has(flags, "lo")) << flags;
  EXPECT_TRUE(Has(flags, "dd")) << flags;
  EXPECT_TRUE(Has(flags, "wf")) << flags;
  // What follows the pages in use is not accessible.
  EXPECT_FALSE(Has(FlagsOf(block + kChunk), "rd"));
  EXPECT_FALSE(Has(FlagsOf(block - 1), "rd"));
}

TEST(KeyArenaTest, WithoutPermissionToLockItIsUsedAllTheSame) {
  if (!kLocks) GTEST_SKIP() << "a sanitizer locks nothing";
  const int status = WithoutLocking([] {
    KeyArena arena(kArena);
    void* const block = arena.Allocate(100);
    if (block == nullptr) return 1;
    std::memset(block, 'k', 100);
    const KeyMemoryUse use = arena.use();
    if (use.unlocked_bytes != kChunk || use.lock_error == 0 || use.refused) return 2;
    if (!Has(FlagsOf(block), "dd")) return 3;
    arena.Free(block);
    return IsZero(block, 100) ? 0 : 4;
  });
  EXPECT_EQ(status, 0);
}

TEST(KeyArenaTest, WithoutAddressSpaceItRefusesAndTellsSo) {
  KeyArena arena(size_t{1} << 60);
  EXPECT_EQ(arena.Allocate(100), nullptr);
  EXPECT_TRUE(arena.use().refused);
  EXPECT_EQ(arena.use().lock_error, ENOMEM);
  int other = 0;
  EXPECT_FALSE(arena.Contains(&other));
}

TEST(KeyArenaTest, ThreadsFreeWhatOthersAllocate) {
  constexpr size_t kThreads = 4, kRounds = 300, kBlocks = 40;
  KeyArena arena(4 * kArena);
  std::vector<std::vector<void*>> shelves(kThreads);
  for (size_t round = 0; round < kRounds; ++round) {
    std::vector<std::thread> threads;
    for (size_t t = 0; t < kThreads; ++t) {
      threads.emplace_back([&, t] {
        for (void* const block : shelves[t]) arena.Free(block);
        shelves[t].clear();
        for (size_t i = 0; i < kBlocks; ++i) {
          const size_t size = (i * 97 + t * 31 + round) % 2000;
          void* const block = arena.Allocate(size);
          ASSERT_NE(block, nullptr);
          ASSERT_TRUE(IsZero(block, arena.SizeOf(block)));
          std::memset(block, 'k', size);
          shelves[t].push_back(block);
        }
      });
    }
    for (std::thread& thread : threads) thread.join();
    std::rotate(shelves.begin(), shelves.begin() + 1, shelves.end());
  }
  for (const auto& shelf : shelves) {
    for (void* const block : shelf) arena.Free(block);
  }
  EXPECT_EQ(arena.use().block_bytes, 0u);
}

}  // namespace
}  // namespace mantlet::base
