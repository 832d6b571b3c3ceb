#include "proxy/http2/closed_streams.h"

#include "gtest/gtest.h"

namespace mantlet::http2 {
namespace {

using Answer = ClosedStreams::Answer;

TEST(ClosedStreamsTest, KnowsHowAStreamHasEnded) {
  ClosedStreams streams;
  EXPECT_EQ(streams.Find(1), Answer::kUnknown);
  streams.AddEnded(1);
  streams.AddReset(3);
  EXPECT_EQ(streams.Find(1), Answer::kStreamClosed);
  EXPECT_EQ(streams.Find(3), Answer::kIgnore);
  EXPECT_EQ(streams.Find(5), Answer::kUnknown);
}

TEST(ClosedStreamsTest, ForgetsTheOldestOnes) {
  ClosedStreams streams;
  for (int32_t id = 1; id < 2 * 17; id += 2) streams.AddEnded(id);
  EXPECT_EQ(streams.Find(1), Answer::kUnknown);
  EXPECT_EQ(streams.Find(3), Answer::kStreamClosed);
  for (int32_t id = 101; id < 101 + 2 * 1025; id += 2) streams.AddReset(id);
  EXPECT_EQ(streams.Find(101), Answer::kUnknown);
  EXPECT_EQ(streams.Find(103), Answer::kIgnore);
  EXPECT_EQ(streams.Find(101 + 2 * 1024), Answer::kIgnore);
}

}  // namespace
}  // namespace mantlet::http2
