#include "proxy/x509/pem_stream.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "proxy/x509/hashing_source.h"
#include "proxy/x509/hex.h"
#include "proxy/x509/pem.h"

namespace mantlet::x509 {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

// Returns as many bytes at a time as the test sets.
class Pieces final : public ByteSource {
 public:
  Pieces(std::string_view bytes, size_t size) : source_(bytes), size_(size) {}
  absl::StatusOr<size_t> Read(absl::Span<uint8_t> buffer) override {
    return source_.Read(buffer.first(std::min(size_, buffer.size())));
  }

 private:
  MemorySource source_;
  size_t size_;
};

absl::StatusOr<std::vector<std::string>> Blocks(std::string_view text, size_t piece = 1 << 20,
                                                size_t buffer_size = 100) {
  Pieces source(text, piece);
  PemStream stream(source);
  std::vector<std::string> blocks;
  while (true) {
    absl::StatusOr<bool> more = stream.Next();
    if (!more.ok()) return more.status();
    if (!*more) return blocks;
    std::string block;
    std::vector<uint8_t> buffer(buffer_size);
    while (true) {
      absl::StatusOr<size_t> got = stream.content().Read(absl::MakeSpan(buffer));
      if (!got.ok()) return got.status();
      if (*got == 0) break;
      block.append(reinterpret_cast<const char*>(buffer.data()), *got);
    }
    blocks.push_back(block);
  }
}

std::string Refusal(std::string_view text) {
  auto blocks = Blocks(text);
  return blocks.ok() ? "accepted" : std::string(blocks.status().message());
}

TEST(PemStream, DecodesPiecesOfAnySize) {
  std::string bytes;
  for (int size = 1; size < 400; ++size) {
    bytes += static_cast<char>(size * 7);
    const std::string text = "a comment\n" + ToPem("X", bytes) + "between\n" + ToPem("Y", "two");
    for (size_t piece : {size_t{1}, size_t{3}, size_t{64}, size_t{1000}}) {
      auto blocks = Blocks(text, piece, 1 + size % 50);
      ASSERT_TRUE(blocks.ok()) << blocks.status();
      EXPECT_THAT(*blocks, ElementsAre(bytes, "two"));
    }
  }
}

TEST(PemStream, NamesBlockAndLine) {
  const std::string text = "x\n" + ToPem("X", "one") + ToPem("Y", "two");
  MemorySource source(text);
  PemStream stream(source);
  ASSERT_TRUE(*stream.Next());
  EXPECT_EQ(stream.where(), "block 1 (X, line 2)");
  uint8_t buffer[100];
  while (*stream.content().Read(absl::MakeSpan(buffer)) != 0) {
  }
  ASSERT_TRUE(*stream.Next());
  EXPECT_EQ(stream.label(), "Y");
  EXPECT_EQ(stream.where(), "block 2 (Y, line 5)");
}

TEST(PemStream, TakesCrLfAndOneLongLine) {
  EXPECT_THAT(*Blocks("-----BEGIN X-----\r\nb25l\r\n-----END X-----\r\n"), ElementsAre("one"));
  EXPECT_THAT(
      *Blocks("-----BEGIN X-----\nb25lb25lb25lb25lb25lb25lb25lb25lb25lb25lb25lb25lb25lb25lb25l"
              "b25l\n-----END X-----"),
      ElementsAre("oneoneoneoneoneoneoneoneoneoneoneoneoneoneoneone"));
}

TEST(PemStream, TakesAByteOrderMarkOnceAndAtTheStartOnly) {
  const std::string mark = "\xef\xbb\xbf", block = ToPem("X", "one");
  for (size_t piece : {size_t{1}, size_t{2}, size_t{1000}}) {
    EXPECT_THAT(*Blocks(mark + block, piece), ElementsAre("one"));
    EXPECT_THAT(*Blocks(mark + "a comment\r\n" + block, piece), ElementsAre("one"));
  }
  EXPECT_THAT(Refusal(mark + mark + block), HasSubstr("line 1: this is not a valid BEGIN line"));
  EXPECT_THAT(Refusal(block + mark + block), HasSubstr("line 4: this is not a valid BEGIN line"));
  EXPECT_THAT(Refusal(mark.substr(0, 2) + block), HasSubstr("line 1: this is not a valid BEGIN"));
}

TEST(PemStream, ReadsTheHeadersOfABlock) {
  const std::string text =
      "-----BEGIN X-----\r\nProc-Type: 4,ENCRYPTED\r\nDEK-Info: AES-256-CBC,00\r\n\r\nb25l\n"
      "-----END X-----\n" +
      ToPem("Y", "two");
  for (size_t piece : {size_t{1}, size_t{1000}}) {
    Pieces source(text, piece);
    PemStream stream(source);
    uint8_t buffer[100];
    ASSERT_TRUE(*stream.Next());
    EXPECT_TRUE(stream.encrypted());
    EXPECT_EQ(stream.dek_info(), "AES-256-CBC,00");
    EXPECT_EQ(*stream.content().Read(absl::MakeSpan(buffer)), 3u);
    EXPECT_EQ(*stream.content().Read(absl::MakeSpan(buffer)), 0u);
    ASSERT_TRUE(*stream.Next());
    EXPECT_FALSE(stream.encrypted());
    EXPECT_EQ(stream.dek_info(), "");
  }
}

TEST(PemStream, FindsABeginThatALongLineHides) {
  EXPECT_THAT(Refusal(ToPem("X", "one") + std::string(5000, 'x') + "-----BEGIN X-----\nb25l\n"),
              HasSubstr("line 4: this is not a valid BEGIN line"));
}

// ParsePem reads certificates and keys; PemStream reads revocation lists.
TEST(PemStream, ReportsTheSameErrorsAsParsePem) {
  const std::string block = ToPem("X", std::string(200, 'x'));
  std::vector<std::string> files;
  for (size_t at = 0; at < block.size(); ++at) {
    files.push_back(block.substr(0, at));
    for (const char* put : {"=", "!", "\n", "-", ":", "\xef\xbb\xbf", " "}) {
      files.push_back(block.substr(0, at) + put + block.substr(at));
      files.push_back(block + block.substr(0, at) + put + block.substr(at + 1));
    }
  }
  for (const std::string& file : files) {
    auto streamed = Blocks(file, 7);
    auto at_once = ParsePem(file);
    if (at_once.ok()) {
      ASSERT_TRUE(streamed.ok()) << streamed.status() << file;
      ASSERT_EQ(streamed->size(), at_once->size());
      for (size_t i = 0; i < at_once->size(); ++i) EXPECT_EQ((*streamed)[i], (*at_once)[i].der);
    } else if (streamed.ok()) {
      EXPECT_THAT(*streamed, ElementsAre());
      EXPECT_EQ(at_once.status().message(), "it contains no PEM block");
    } else {
      EXPECT_EQ(streamed.status(), at_once.status());
    }
  }
}

TEST(PemStream, HasNoBlocksInATextWithout) {
  EXPECT_THAT(*Blocks(""), ElementsAre());
  EXPECT_THAT(*Blocks("nothing\nat all"), ElementsAre());
}

TEST(PemStream, RejectsDamagedFiles) {
  const struct {
    std::string_view text, said;
  } kCases[] = {
      {"-----BEGIN X-----\nb25l\n", "block 1 (X, line 1): there is no END line"},
      {"-----BEGIN X-----\nb25l\n-----END Y-----\n", "another kind, Y"},
      {"-----BEGIN X-----\nb25l\n-----END X----\n", "neither base64 nor the END line"},
      {"-----BEGIN X-----\nb25l\n-----BEGIN X-----\n", "neither base64 nor the END line"},
      {"-----BEGIN X-----\n-----END X-----\n", "it is empty"},
      {"-----BEGIN X-----\nb25\n-----END X-----\n", "missing or added"},
      {"-----BEGIN X-----\nb25lb25=b25l\n-----END X-----\n", "line 2 is not base64"},
      {"-----BEGIN X-----\nb25l\n=\n-----END X-----\n", "line 3 is not base64"},
      {"-----BEGIN X-----\nb25l\nb2*l\n-----END X-----\n", "line 3 is not base64"},
      {"-----BEGIN X----\nb25l\n-----END X-----\n", "line 1: this is not a valid BEGIN line"},
      {"x -----BEGIN X-----\nb25l\n-----END X-----\n", "line 1: this is not a valid BEGIN line"},
      {"-----END X-----\n", "line 1: this is not a valid BEGIN line"},
      {"-----BEGIN X-----\nb25l\nDEK-Info: a\n-----END X-----\n", "line 3 is not base64"},
  };
  for (const auto& c : kCases) EXPECT_THAT(Refusal(c.text), HasSubstr(std::string(c.said)));
}

TEST(PemStream, CutOffAnywhereIsNeverWhole) {
  const std::string text = ToPem("X", std::string(200, 'x'));
  for (size_t size = 20; size + 2 < text.size(); ++size) {
    EXPECT_NE(Refusal(text.substr(0, size)), "accepted") << size;
  }
}

TEST(HashingSource, TakesTheDigestOfAllWhateverWasRead) {
  const std::string bytes(100'000, 'x');
  MemorySource source(bytes);
  HashingSource hashing(source);
  uint8_t buffer[10];
  EXPECT_EQ(*hashing.Read(absl::MakeSpan(buffer)), 10u);
  EXPECT_EQ(*hashing.Finish(), Sha256Hex(bytes));
}

}  // namespace
}  // namespace mantlet::x509
