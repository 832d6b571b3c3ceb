#include "proxy/http2/block_pool.h"

#include <cstdlib>
#include <cstring>
#include <set>
#include <vector>

#include "gtest/gtest.h"

namespace mantlet::http2 {
namespace {

TEST(BlockPoolTest, BlocksOfAllSizesCanBeWrittenAndFreedInAnyOrder) {
  BlockPool pool;
  for (int round = 0; round < 3; ++round) {
    std::vector<void*> blocks;
    for (size_t size = 0; size < 600; ++size) {
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

TEST(BlockPoolTest, WhatIsKeptIsBounded) {
  BlockPool pool;
  std::vector<void*> blocks;
  for (int i = 0; i < 2000; ++i) blocks.push_back(pool.Allocate(200));
  for (void* block : blocks) pool.Free(block);
  EXPECT_LE(pool.kept(), 128u * 1024);
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

}  // namespace
}  // namespace mantlet::http2
