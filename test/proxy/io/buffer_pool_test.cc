#include "proxy/io/buffer_pool.h"

#include <string>
#include <utility>

#include "gtest/gtest.h"

namespace mantlet::io {
namespace {

std::string WithCapacity(size_t bytes) {
  std::string buffer(bytes, 'x');
  return buffer;
}

TEST(BufferPool, GivesBackTheSameMemoryEmptied) {
  BufferPool pool;
  std::string buffer = WithCapacity(4096);
  const char* memory = buffer.data();
  pool.Release(std::move(buffer));
  std::string again = pool.Acquire();
  EXPECT_TRUE(again.empty());
  EXPECT_GE(again.capacity(), 4096u);
  EXPECT_EQ(again.data(), memory);
}

TEST(BufferPool, AnEmptyPoolGivesAnEmptyBuffer) {
  BufferPool pool;
  EXPECT_TRUE(pool.Acquire().empty());
}

TEST(BufferPool, KeepsNeitherTinyNorHugeBuffers) {
  BufferPool pool;
  pool.Release(WithCapacity(16));
  EXPECT_GE(pool.Acquire().capacity(), 256u);
  pool.Release(WithCapacity(1024 * 1024));
  EXPECT_LT(pool.Acquire().capacity(), 1024u * 1024u);
}

TEST(BufferPool, KeepsWhatItGaveHoweverLittleWasWritten) {
  BufferPool pool;
  std::string buffer = pool.Acquire();
  EXPECT_FALSE(BufferPool::IsNone(buffer));
  const char* memory = buffer.data();
  buffer.append("a");
  pool.Release(std::move(buffer));
  EXPECT_EQ(pool.Acquire().data(), memory);
}

TEST(BufferPool, KeepsNoMoreThanItsShare) {
  BufferPool pool;
  for (int i = 0; i < 100; ++i) pool.Release(WithCapacity(4096));
  int kept = 0;
  while (pool.Acquire().capacity() >= 4096) ++kept;
  EXPECT_EQ(kept, 16);
}

// An idle connection would go on holding what it gave.
TEST(BufferPool, LeavesNothingWithTheGiverEvenIfItKeepsNothing) {
  BufferPool pool;
  for (size_t bytes : {100u, 1024u, 1024u * 1024u}) {
    for (int i = 0; i < 20; ++i) {  // more than it keeps
      std::string buffer = WithCapacity(bytes);
      pool.Release(std::move(buffer));
      buffer = std::string();
      EXPECT_TRUE(BufferPool::IsNone(buffer));
    }
  }
}

}  // namespace
}  // namespace mantlet::io
