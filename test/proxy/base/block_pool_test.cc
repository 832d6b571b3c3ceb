#include "proxy/base/block_pool.h"

#include <malloc.h>

#include <cstdlib>
#include <cstring>
#include <memory>
#include <memory_resource>
#include <set>
#include <string>
#include <vector>

#include "gtest/gtest.h"

namespace mantlet::base {
namespace {

TEST(BlockPoolTest, BlocksOfAllSizesCanBeWrittenAndFreedInAnyOrder) {
  BlockPool pool;
  for (int round = 0; round < 3; ++round) {
    std::vector<void*> blocks;
    for (size_t size = 0; size < 3000; ++size) {
      void* const block = pool.Allocate(size);
      ASSERT_NE(block, nullptr);
      std::memset(block, static_cast<int>(size), size);
      blocks.push_back(block);
    }
    EXPECT_EQ(std::set<void*>(blocks.begin(), blocks.end()).size(), blocks.size());
    for (size_t i = 0; i < blocks.size(); i += 2) pool.Free(blocks[i]);
    for (size_t i = 1; i < blocks.size(); i += 2) pool.Free(blocks[i]);
  }
}

#ifndef __SANITIZE_ADDRESS__
TEST(BlockPoolTest, ABlockIsUsedAgainForTheSameSize) {
  BlockPool pool;
  void* const block = pool.Allocate(152);
  pool.Free(block);
  EXPECT_GE(pool.kept(), 152u);
  EXPECT_NE(pool.Allocate(300), block);
  EXPECT_EQ(pool.Allocate(152), block);
  EXPECT_EQ(pool.kept(), 0u);
  std::free(block);
}
#endif

// Fails with an allocator that has other sizes than glibc's, such as jemalloc (preloaded), if the
// pool relies on malloc to round sizes up.
TEST(BlockPoolTest, ABlockThatIsUsedAgainIsAsLargeAsItsNewUseNeeds) {
  BlockPool pool;
  std::pmr::memory_resource& memory = pool;
  for (size_t size = 1; size < 2'600; ++size) {
    void* const first = memory.allocate(size);
    memory.deallocate(first, size);
    for (size_t larger = size; larger < size + 16; ++larger) {
      void* const block = memory.allocate(larger);
      ASSERT_GE(malloc_usable_size(block), larger) << size;
      memory.deallocate(block, larger);
    }
    pool.Clear();
  }
}

TEST(BlockPoolTest, WhatIsKeptIsBounded) {
  BlockPool pool;
  std::vector<void*> blocks;
  for (int i = 0; i < 20'000; ++i) blocks.push_back(pool.Allocate(200));
  for (void* block : blocks) pool.Free(block);
  EXPECT_LE(pool.kept(), 2u * 1024 * 1024);
  pool.Clear();
  EXPECT_EQ(pool.kept(), 0u);
}

TEST(BlockPoolTest, TakesBlocksOfRealloc) {
  BlockPool pool;
  void* const grown = std::realloc(pool.Allocate(24), 200);
  pool.Free(grown);
  void* const again = pool.Allocate(180);
  std::memset(again, 1, 180);
  pool.Free(again);
  pool.Free(nullptr);
}

TEST(BlockPoolTest, ContainersUseItAsTheirMemory) {
  BlockPool pool;
  std::pmr::string text(&pool);
  std::pmr::vector<int> numbers(&pool);
  for (int i = 0; i < 10'000; ++i) {
    text.push_back('x');
    numbers.push_back(i);
  }
  EXPECT_EQ(text, std::pmr::string(10'000, 'x'));
  EXPECT_EQ(numbers[9'999], 9'999);
}

struct Thing : PooledObject {
  explicit Thing(int* alive) : alive(alive) { ++*alive; }
  virtual ~Thing() { --*alive; }
  int* alive;
};

struct LargerThing final : Thing {
  using Thing::Thing;
  char more[1000] = {};
};

TEST(PooledObjectTest, DeleteThroughTheBaseGivesTheBlockBack) {
  BlockPool pool;
  int alive = 0;
  std::unique_ptr<Thing> thing(new (pool) LargerThing(&alive));
  EXPECT_EQ(alive, 1);
  thing = nullptr;
  EXPECT_EQ(alive, 0);
#ifndef __SANITIZE_ADDRESS__
  EXPECT_GE(pool.kept(), sizeof(LargerThing));
  thing.reset(new (pool) LargerThing(&alive));
  EXPECT_EQ(pool.kept(), 0u);
#endif
}

}  // namespace
}  // namespace mantlet::base
