// The scanner finds the same frames however their bytes are cut.

#include "proxy/http2/frame_scanner.h"

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include "gtest/gtest.h"
#include "test/proxy/http2/frames.h"

namespace mantlet::http2 {
namespace {

using namespace testing;  // NOLINT(google-build-using-namespace): the builders of frames

// "D1" for each DATA frame, "W3:7" for each WINDOW_UPDATE, with where the scan stopped.
std::string Scan(const std::vector<std::string_view>& pieces) {
  FrameScanner scanner;
  std::string text;
  size_t before = 0;
  for (std::string_view piece : pieces) {
    while (!piece.empty()) {
      const size_t size = scanner.Scan(piece);
      EXPECT_GT(size, 0u);
      EXPECT_LE(size, piece.size());
      before += size;
      piece.remove_prefix(size);
      if (const auto& found = scanner.found()) {
        text += found->type == kData ? "D" : "W" + std::to_string(found->increment) + "/";
        text += std::to_string(found->stream_id) + "@" + std::to_string(before) + " ";
      } else {
        EXPECT_TRUE(piece.empty());
      }
    }
  }
  return text;
}

std::string Example() {
  return Opening() + Get(1) + Data(1, "payload of data") + Data(0x7fffffff, "") +
         WindowUpdate(0, 7) + Frame(0xbe, 0xff, 3, "unknown") + WindowUpdate(3, 0) +
         Frame(kWindowUpdate, 0, 3, "odd size") + Ping() + Data(0x80000005, std::string(300, 0));
}

TEST(FrameScannerTest, FindsDataAndWindowUpdates) {
  const std::string bytes = Example();
  const std::string found = Scan({bytes});
  std::string words = found;
  // Positions aside, which the next test compares.
  for (size_t at; (at = words.find('@')) != words.npos;) words.erase(at, words.find(' ', at) - at);
  EXPECT_EQ(words, "D1 D2147483647 W7/0 W0/3 D5 ");
}

TEST(FrameScannerTest, StopsBehindAHeaderOfDataAndAWholeWindowUpdate) {
  const std::string begin = Opening();
  const std::string size = std::to_string(begin.size() + 9);
  EXPECT_EQ(Scan({begin + Data(1, "abc")}), "D1@" + size + " ");
  EXPECT_EQ(Scan({begin + WindowUpdate(1, 2)}), "W2/1@" + std::to_string(begin.size() + 13) + " ");
}

TEST(FrameScannerTest, FindsTheSameWhereverTheBytesAreCut) {
  const std::string bytes = Example();
  const std::string whole = Scan({bytes});
  for (size_t cut = 0; cut <= bytes.size(); ++cut) {
    const std::string_view view = bytes;
    ASSERT_EQ(Scan({view.substr(0, cut), view.substr(cut)}), whole) << cut;
  }
  for (const size_t step : {1, 2, 3, 7, 13}) {
    std::vector<std::string_view> pieces;
    for (size_t at = 0; at < bytes.size(); at += step) {
      pieces.push_back(std::string_view(bytes).substr(at, step));
    }
    EXPECT_EQ(Scan(pieces), whole) << step;
  }
}

TEST(FrameScannerTest, CountsFramesThatCarryNoPartOfAMessage) {
  FrameScanner scanner;
  const std::string bytes = Example();
  std::string_view rest = bytes;
  size_t frames = 0;
  while (!rest.empty()) {
    rest.remove_prefix(scanner.Scan(rest));
    frames += scanner.TakeControlFrames();
  }
  EXPECT_EQ(frames, 6u) << "SETTINGS, PING, an unknown one, three of WINDOW_UPDATE";
}

TEST(FrameScannerTest, KnowsTheHeaderBlockThatIsNotComplete) {
  FrameScanner scanner;
  const auto block = [&](std::string_view bytes) {
    EXPECT_EQ(scanner.Scan(bytes), bytes.size());
    return scanner.header_block();
  };
  EXPECT_EQ(block(Opening()), 0u);
  const std::string get = Get(1);
  EXPECT_EQ(block(get.substr(0, 8)), 0u);
  EXPECT_EQ(block(get.substr(8, 1)), 1u);
  EXPECT_EQ(block(get.substr(9)), 0u);
  EXPECT_EQ(block(Frame(kHeaders, 0, 3, "x")), 2u);
  EXPECT_EQ(block(Frame(kContinuation, 0, 3, "")), 2u);
  EXPECT_EQ(block(Frame(kContinuation, kEndHeaders, 3, "xyz").substr(0, 11)), 2u);
  EXPECT_EQ(block("z"), 0u);
  EXPECT_EQ(block(get + get.substr(0, 20)), 4u) << "another one";
}

}  // namespace
}  // namespace mantlet::http2
