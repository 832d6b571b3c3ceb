#include "proxy/http2/content_queue.h"

#include <string>

#include "gtest/gtest.h"

namespace mantlet::http2 {
namespace {

TEST(ContentQueueTest, GivesWhatCameInItsOrderHoweverItIsTaken) {
  io::BufferPool pool;
  ContentQueue queue(pool);
  std::string expected, taken;
  // More than is kept in front of a queue that never runs empty.
  for (int i = 0; i < 2000; ++i) {
    const std::string piece = std::to_string(i) + std::string(100, 'x');
    queue.Append(piece);
    expected += piece;
    const size_t size = queue.size() > 400 ? 97 : 40;
    taken += queue.Front(size);
    queue.Consume(size);
    ASSERT_FALSE(queue.empty());
  }
  taken += queue.Front(queue.size());
  queue.Consume(queue.size());
  EXPECT_EQ(taken, expected);
  EXPECT_TRUE(queue.empty());
}

// Whether the pool has a buffer with much capacity, which only the queue can have made.
bool HasLargeBuffer(io::BufferPool& pool) { return pool.Acquire()->capacity() >= 20'000; }

TEST(ContentQueueTest, HoldsABufferOnlyWhileItIsNotEmpty) {
  io::BufferPool pool;
  ContentQueue queue(pool);
  queue.Append(std::string(20'000, 'x'));
  EXPECT_FALSE(HasLargeBuffer(pool)) << "the buffer is in use";
  queue.Consume(19'999);
  EXPECT_FALSE(HasLargeBuffer(pool));
  queue.Consume(1);
  EXPECT_TRUE(HasLargeBuffer(pool)) << "the buffer is back";
  queue.Append("");
  EXPECT_TRUE(HasLargeBuffer(pool)) << "nothing needs no buffer";
}

TEST(ContentQueueTest, ClearDropsEverything) {
  io::BufferPool pool;
  ContentQueue queue(pool);
  queue.Append("abc");
  queue.Consume(1);
  queue.Clear();
  EXPECT_EQ(queue.size(), 0u);
  queue.Append("de");
  EXPECT_EQ(queue.Front(2), "de");
}

}  // namespace
}  // namespace mantlet::http2
