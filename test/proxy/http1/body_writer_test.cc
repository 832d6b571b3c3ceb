#include "proxy/http1/body_writer.h"

#include <memory>
#include <string>

#include "gtest/gtest.h"
#include "test/proxy/io/memory_stream.h"

namespace mantlet::http1 {
namespace {

class BodyWriterTest : public testing::Test {
 protected:
  std::string Written() {
    stream_.Flush();
    return wire_->sent;
  }

  std::shared_ptr<io::Wire> wire_ = std::make_shared<io::Wire>();
  io::MemoryStream stream_{wire_};
};

TEST_F(BodyWriterTest, WritesChunks) {
  http::HeaderList trailers;
  trailers.Add("A", "b");
  WriteBody(stream_, "hello", true);
  WriteBody(stream_, "", true);
  WriteBody(stream_, std::string(26, 'x'), true);
  WriteLastChunk(stream_, trailers);
  EXPECT_EQ(Written(), "5\r\nhello\r\n1a\r\n" + std::string(26, 'x') + "\r\n0\r\nA: b\r\n\r\n");
}

TEST_F(BodyWriterTest, WritesTheLastChunkWithoutTrailers) {
  WriteLastChunk(stream_, {});
  EXPECT_EQ(Written(), "0\r\n\r\n");
}

TEST_F(BodyWriterTest, WritesContentOfKnownLengthAsItIs) {
  WriteBody(stream_, "hello", false);
  WriteBody(stream_, "", false);
  EXPECT_EQ(Written(), "hello");
}

}  // namespace
}  // namespace mantlet::http1
