// Tests the framing of chunked bodies. Each case is read whole, split at every byte, and byte by
// byte.

#include "proxy/http1/chunk_scanner.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

#include "proxy/base/proxy_error.h"
#include "test/proxy/http1/parse_helpers.h"

namespace mantlet::http1 {
namespace {

using testing::EverySplit;
using testing::Pieces;
using testing::Transcript;

// Uses sizeof, so that a literal can contain a NUL byte.
#define BYTES(literal) std::string_view(literal, sizeof(literal) - 1)

std::string Error(base::ErrorReason reason) {
  return "!" + std::string(base::FactsOf(reason).label);
}

// Returns "last 5 " or "more 5 ", where 5 is the number of data bytes, followed by the bytes that
// are not skipped; "!" and the reason for an error.
Transcript Scan(const Pieces& pieces, MessageKind kind, const ParserLimits& limits) {
  ChunkScanner scanner(kind, limits);
  scanner.Begin();
  Transcript transcript;
  std::string kept;
  for (std::string_view piece : pieces) {
    while (!piece.empty()) {
      const ChunkScanner::Outcome outcome = scanner.Scan(piece);
      if (outcome.event == ChunkScanner::Event::kError) {
        transcript.text = Error(outcome.error.reason);
        transcript.reason = std::string(outcome.error.detail);
        return transcript;
      }
      const size_t read = outcome.consumed + outcome.skipped;
      EXPECT_GT(read, 0u);
      EXPECT_LE(read, piece.size());
      if (read == 0 || read > piece.size()) return transcript;
      kept += piece.substr(0, outcome.consumed);
      transcript.consumed += read;
      piece.remove_prefix(read);
      if (outcome.event == ChunkScanner::Event::kLastChunk) {
        transcript.text = "last " + std::to_string(scanner.data_bytes()) + " " + kept;
        return transcript;
      }
    }
  }
  transcript.text = "more " + std::to_string(scanner.data_bytes()) + " " + kept;
  return transcript;
}

std::vector<Transcript> AllSplits(std::string_view bytes, MessageKind kind,
                                  const ParserLimits& limits) {
  return EverySplit(bytes, [&](const Pieces& pieces) { return Scan(pieces, kind, limits); });
}

// `text` is "last 5" or "more 5"; `kept` holds the bytes that are not skipped.
void ExpectRead(std::string_view bytes, MessageKind kind, const std::string& text,
                std::string_view kept, const ParserLimits& limits = {}) {
  for (const Transcript& transcript : AllSplits(bytes, kind, limits)) {
    ASSERT_EQ(transcript.text, text + " " + std::string(kept)) << bytes << transcript.reason;
    ASSERT_EQ(transcript.consumed, bytes.size()) << bytes;
  }
}

void ExpectRefused(std::string_view bytes, MessageKind kind, const ParserLimits& limits = {},
                   base::ErrorReason reason = base::ErrorReason::kBadRequest) {
  for (const Transcript& transcript : AllSplits(bytes, kind, limits)) {
    ASSERT_EQ(transcript.text, Error(reason)) << bytes;
    ASSERT_FALSE(transcript.reason.empty()) << bytes;
  }
}

constexpr MessageKind kBoth[] = {MessageKind::kRequest, MessageKind::kResponse};

TEST(ChunkScannerTest, ReadsChunksWhateverTheSplit) {
  const struct {
    std::string_view bytes;
    const char* text;
  } cases[] = {
      {"0\r\n", "last 0"},
      {"0000000000000000\r\n", "last 0"},
      {"5\r\nhello\r\n0\r\n", "last 5"},
      {"3\r\nabc\r\n2\r\nde\r\n00\r\n", "last 5"},
      {"a\r\n0123456789\r\nA\r\n0123456789\r\n0\r\n", "last 20"},
      {"000000000000000B\r\n0123456789a\r\n0\r\n", "last 11"},
      // Data is not interpreted.
      {"4\r\n0\r\n\r\r\n0\r\n", "last 4"},
      {"7\r\n0\r\n\r\n0\r\r\n0\r\n", "last 7"},
      {BYTES("3\r\n\0\xff\n\r\n0\r\n"), "last 3"},
      // Extensions have no meaning.
      {"1;a\r\nx\r\n0\r\n", "last 1"},
      {"1;a=b;c=\"d;e\"\r\nx\r\n0;last\r\n", "last 1"},
      {"1;\r\nx\r\n0;\r\n", "last 1"},
      {"1;\xc3\xa9\r\nx\r\n0\r\n", "last 1"},
      // The body continues.
      {"5", "more 0"},
      {"5\r\nhel", "more 3"},
      {"5\r\nhello\r\n", "more 5"},
      {"5\r\nhello\r\n0\r", "more 5"},
      {"7fffffffffffffff\r\nab", "more 2"},
  };
  for (const auto& c : cases) {
    for (MessageKind kind : kBoth) ExpectRead(c.bytes, kind, c.text, c.bytes);
  }
}

TEST(ChunkScannerTest, EndsWithTheSizeLineOfTheLastChunk) {
  for (MessageKind kind : kBoth) {
    const Transcript transcript = Scan({"1\r\nx\r\n0\r\n\r\nGET / "}, kind, {});
    EXPECT_EQ(transcript.text, "last 1 1\r\nx\r\n0\r\n");
    EXPECT_EQ(transcript.consumed, 9u);
  }
}

TEST(ChunkScannerTest, RefusesFramingThatHasAnotherReading) {
  for (std::string_view bytes : {
           // sizes that other parsers accept as numbers
           BYTES("g\r\n"),
           BYTES("\r\n"),
           BYTES(";a\r\n"),
           BYTES("+5\r\nhello\r\n"),
           BYTES("-1\r\n"),
           BYTES("0x5\r\nhello\r\n"),
           BYTES("5h\r\nhello\r\n"),
           BYTES("5,5\r\nhello\r\n"),
           BYTES("5.0\r\nhello\r\n"),
           BYTES("5_0\r\nhello\r\n"),
           BYTES("\"5\"\r\nhello\r\n"),
           BYTES(" 5\r\nhello\r\n"),
           BYTES("\t5\r\nhello\r\n"),
           BYTES("5 5\r\nhello\r\n"),
           BYTES("5\0\r\nhello\r\n"),
           BYTES("5\v\r\nhello\r\n"),
           BYTES("5\xa0\r\nhello\r\n"),
           BYTES("\xef\xbc\x95\r\nhello\r\n"),
           // sizes that do not fit
           BYTES("00000000000000005\r\nhello\r\n"),
           BYTES("10000000000000005\r\nhello\r\n"),
           BYTES("8000000000000000\r\n"),
           BYTES("ffffffffffffffff\r\n"),
           BYTES("1\r\nx\r\n7fffffffffffffff\r\n"),
           // line ends that some parsers accept
           BYTES("5\nhello\r\n"),
           BYTES("0\n"),
           BYTES("5\rhello\r\n"),
           BYTES("5\r\r\nhello\r\n"),
           BYTES("5\r \nhello\r\n"),
           BYTES("5\r;a\r\nhello\r\n"),
           BYTES("5;a\nhello\r\n"),
           BYTES("5;a\rb\r\nhello\r\n"),
           BYTES("5;a\r\r\nhello\r\n"),
           // controls within an extension
           BYTES("5;a\0\r\nhello\r\n"),
           BYTES("5;a\x7f\r\nhello\r\n"),
           BYTES("5;a=\"\n\"\r\nhello\r\n"),
           BYTES("5;a=\"\r\n\"\r\nhello\r\n"),
           // data that is longer or shorter than its size
           BYTES("5\r\nhello!\r\n0\r\n"),
           BYTES("5\r\nhell\r\n0\r\n"),
           BYTES("5\r\nhello0\r\n"),
           BYTES("5\r\nhello\n0\r\n"),
           BYTES("5\r\nhello\r0\r\n"),
           BYTES("5\r\nhello\r\n\r\n0\r\n"),
           BYTES("5\r\nhello\r\n 0\r\n"),
       }) {
    for (MessageKind kind : kBoth) ExpectRefused(bytes, kind);
  }
}

TEST(ChunkScannerTest, SkipsBlanksInResponsesOnly) {
  const struct {
    std::string_view bytes, kept;
  } cases[] = {
      {"1 \r\nx\r\n0\r\n", "1\r\nx\r\n0\r\n"},
      {"1 \t \r\nx\r\n0\t\r\n", "1\r\nx\r\n0\r\n"},
      {"1 ;a\r\nx\r\n0\r\n", "1;a\r\nx\r\n0\r\n"},
      {"1\t; a = b\t; c\r\nx\r\n0\r\n", "1;a=b;c\r\nx\r\n0\r\n"},
      {"1;a= \"b c\\\" \"\r\nx\r\n0\r\n", "1;a=\"b c\\\" \"\r\nx\r\n0\r\n"},
  };
  for (const auto& c : cases) ExpectRead(c.bytes, MessageKind::kResponse, "last 1", c.kept);
  for (std::string_view bytes : {"1 \r\nx\r\n", "1\t\r\nx\r\n", "1 ;a\r\nx\r\n", "0 \r\n"}) {
    ExpectRefused(bytes, MessageKind::kRequest);
  }
  // Two words stay two words.
  for (std::string_view bytes : {"1 1\r\n", "1 a\r\n", "1;a b\r\n", "1;a =b c\r\n", "1 \n"}) {
    ExpectRefused(bytes, MessageKind::kResponse);
  }
}

TEST(ChunkScannerTest, RefusesTooMuchContentWithTheSizeThatAnnouncesIt) {
  ParserLimits limits;
  limits.body_bytes = 4;
  for (MessageKind kind : kBoth) {
    ExpectRead("4\r\nabcd\r\n0\r\n", kind, "last 4", "4\r\nabcd\r\n0\r\n", limits);
    for (std::string_view bytes : {"5\r\n", "2\r\nab\r\n3\r\n", "7fffffffffffffff\r\n"}) {
      ExpectRefused(bytes, kind, limits, base::ErrorReason::kContentTooLarge);
    }
  }
}

TEST(ChunkScannerTest, CountsTheExtensionsOfABodyTogether) {
  ParserLimits limits;
  limits.chunk_extension_bytes = 8;
  const std::string_view within = "1;aaa\r\nx\r\n0;aaa\r\n";
  for (MessageKind kind : kBoth) {
    ExpectRead(within, kind, "last 1", within, limits);
    ExpectRefused("1;aaaaaaaaa\r\n", kind, limits);
    ExpectRefused("1;aaaaa\r\nx\r\n1;aaaaa\r\n", kind, limits);
  }
  ExpectRefused("1;         a\r\n", MessageKind::kResponse, limits);
}

TEST(ChunkScannerTest, StartsAgainForEachBody) {
  ParserLimits limits;
  limits.body_bytes = 4;
  limits.chunk_extension_bytes = 8;
  const std::string_view body = "3;aaaaa\r\nabc\r\n0\r\n";
  ChunkScanner scanner(MessageKind::kRequest, limits);
  for (int i = 0; i < 3; ++i) {
    scanner.Begin();
    const ChunkScanner::Outcome outcome = scanner.Scan(body);
    ASSERT_EQ(outcome.event, ChunkScanner::Event::kLastChunk) << outcome.error.detail;
    ASSERT_EQ(outcome.consumed, body.size());
    ASSERT_EQ(scanner.data_bytes(), 3u);
  }
}

}  // namespace
}  // namespace mantlet::http1
