#include "proxy/io/buffer_pool.h"

#include <string>
#include <utility>
#include <vector>

#include "gtest/gtest.h"

namespace mantlet::io {
namespace {

// Makes the memory of the next buffer of `pool` that of a string of this size.
void Release(BufferPool& pool, size_t bytes) { *pool.Acquire() = std::string(bytes, 'x'); }

TEST(BufferPool, ReturnsTheSameMemoryEmptied) {
  BufferPool pool;
  PooledBuffer buffer = pool.Acquire();
  buffer->append(4096, 'x');
  const char* memory = buffer->data();
  buffer.Release();
  const PooledBuffer again = pool.Acquire();
  EXPECT_TRUE(again->empty());
  EXPECT_GE(again->capacity(), 4096u);
  EXPECT_EQ(again->data(), memory);
}

TEST(BufferPool, AnEmptyPoolGivesAnEmptyBuffer) {
  BufferPool pool;
  const PooledBuffer buffer = pool.Acquire();
  EXPECT_TRUE(buffer);
  EXPECT_TRUE(buffer->empty());
}

TEST(BufferPool, KeepsNeitherTinyNorHugeBuffers) {
  BufferPool pool;
  Release(pool, 16);
  EXPECT_GE(pool.Acquire()->capacity(), 256u);
  Release(pool, 1024 * 1024);
  EXPECT_LT(pool.Acquire()->capacity(), 1024u * 1024u);
}

TEST(BufferPool, KeepsItsBuffersEvenIfLittleWasWritten) {
  BufferPool pool;
  PooledBuffer buffer = pool.Acquire();
  const char* memory = buffer->data();
  buffer->append("a");
  buffer.Release();
  EXPECT_EQ(pool.Acquire()->data(), memory);
}

TEST(BufferPool, KeepsNoMoreThanItsShare) {
  BufferPool pool;
  {
    std::vector<PooledBuffer> buffers;
    for (int i = 0; i < 100; ++i) buffers.push_back(pool.Acquire());
    for (PooledBuffer& buffer : buffers) buffer->reserve(64 * 1024);
  }
  std::vector<PooledBuffer> kept;
  do kept.push_back(pool.Acquire());
  while (kept.back()->capacity() >= 64 * 1024);
  EXPECT_EQ(kept.size(), 65u);
}

// Otherwise an idle connection would keep the memory of its buffer.
TEST(BufferPool, LeavesNoMemoryWithTheCallerEvenIfItKeepsNone) {
  BufferPool pool;
  std::vector<PooledBuffer> buffers;
  for (size_t bytes : {100u, 1024u, 1024u * 1024u}) {
    for (int i = 0; i < 20; ++i) {  // more than it keeps
      buffers.push_back(pool.Acquire());
      *buffers.back() = std::string(bytes, 'x');
    }
  }
  for (PooledBuffer& buffer : buffers) {
    buffer.Release();
    EXPECT_FALSE(buffer);
    EXPECT_EQ(buffer->capacity(), std::string().capacity());
  }
}

TEST(PooledBuffer, IsNoneUntilAssignedAndAfterItsMove) {
  BufferPool pool;
  PooledBuffer first;
  EXPECT_FALSE(first);
  EXPECT_TRUE(first->empty());
  first = pool.Acquire();
  first->append("bytes");
  PooledBuffer second = std::move(first);
  EXPECT_FALSE(first);  // NOLINT(bugprone-use-after-move): none, as documented
  EXPECT_TRUE(first->empty());
  EXPECT_EQ(*second, "bytes");
}

TEST(PooledBuffer, AnAssignedBufferGivesBackWhatItHad) {
  BufferPool pool;
  PooledBuffer buffer = pool.Acquire();
  const char* memory = buffer->data();
  buffer = pool.Acquire();
  EXPECT_EQ(pool.Acquire()->data(), memory);
}

}  // namespace
}  // namespace mantlet::io
