// Tests the interpretation of framing and connection fields, one line per case.

#include "proxy/http1/message_fields.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "proxy/base/proxy_error.h"

namespace mantlet::http1 {
namespace {

using Fields = std::vector<std::pair<std::string_view, std::string_view>>;

http::HeaderList ListOf(const Fields& fields) {
  http::HeaderList list;
  for (const auto& [name, value] : fields) list.Add(name, value);
  return list;
}

// Returns "none", "chunked" or "length 5"; "refused" for an error.
std::string FramingOf(const Fields& fields, http::Version version = http::Version::kHttp11) {
  // The result of an earlier message must not remain.
  http::Framing framing = {http::Framing::Kind::kUntilClose, 99};
  const std::optional<ParseError> error = ReadFraming(ListOf(fields), version, &framing);
  if (error) {
    EXPECT_EQ(error->reason, base::ErrorReason::kBadRequest);
    EXPECT_FALSE(error->detail.empty());
    EXPECT_EQ(framing.kind, http::Framing::Kind::kNone);
    return "refused";
  }
  switch (framing.kind) {
    case http::Framing::Kind::kNone:
      return "none";
    case http::Framing::Kind::kContentLength:
      return "length " + std::to_string(framing.length);
    case http::Framing::Kind::kChunked:
      return "chunked";
    case http::Framing::Kind::kUntilClose:
      break;
  }
  return "until close";
}

constexpr char kLength[] = "Content-Length";
constexpr char kCoding[] = "Transfer-Encoding";

TEST(ReadFramingTest, ReadsOneLengthOrTheChunkedCoding) {
  const struct {
    Fields fields;
    const char* framing;
  } cases[] = {
      {{}, "none"},
      {{{"Host", "h"}, {"Accept", "*/*"}}, "none"},
      {{{kLength, "0"}}, "length 0"},
      {{{kLength, "5"}}, "length 5"},
      {{{"content-LENGTH", "007"}}, "length 7"},
      {{{kLength, "9223372036854775807"}}, "length 9223372036854775807"},
      {{{kLength, "00000000000000000000000000005"}}, "length 5"},
      {{{kCoding, "chunked"}}, "chunked"},
      {{{"transfer-encoding", "Chunked"}}, "chunked"},
      {{{"Host", "h"}, {kCoding, "CHUNKED"}, {"Accept", "*/*"}}, "chunked"},
      // Other names do not affect the framing; those that an application might fold are removed
      // elsewhere.
      {{{"Content_Length", "5"}}, "none"},
      {{{"Content-Lengths", "5"}}, "none"},
      {{{"X-Transfer-Encoding", "chunked"}}, "none"},
      {{{"TE", "chunked"}}, "none"},
      {{{kLength, "5"}, {"Content_Length", "6"}}, "length 5"},
  };
  for (const auto& c : cases) {
    EXPECT_EQ(FramingOf(c.fields), c.framing) << (c.fields.empty() ? "" : c.fields[0].second);
  }
  EXPECT_EQ(FramingOf({{kLength, "5"}}, http::Version::kHttp10), "length 5");
  EXPECT_EQ(FramingOf({}, http::Version::kHttp10), "none");
}

TEST(ReadFramingTest, RefusesLengthsThatAreNotPlainDigits) {
  const std::string_view values[] = {
      "", "+5", "-5", "-0", "5 5", "5,5", "5, 5", "5,6", "0x5", "5h", "5.0", "5e1", "5;a", "\"5\"",
      "'5'", "five", "1_000", "\xef\xbc\x95", "5\xa0", "5\v", "NaN", "5\r6", "chunked",
      // 2^63, 2^64, 2^64 + 5, more digits
      "9223372036854775808", "18446744073709551616", "18446744073709551621",
      "99999999999999999999999999999999999999999"};
  for (std::string_view value : values)
    EXPECT_EQ(FramingOf({{kLength, value}}), "refused") << value;
  EXPECT_EQ(FramingOf({{kLength, std::string_view("5\0", 2)}}), "refused");
}

TEST(ReadFramingTest, RefusesCodingsOtherThanChunkedAlone) {
  for (std::string_view value :
       {"", "gzip", "identity", "gzip, chunked", "chunked, gzip", "chunked, chunked", "chunked,",
        ",chunked", "chunked, identity", "chunked;q=1", "\vchunked", "chunked\v", "x-chunked",
        "xchunked", "chunkedx", "chunke", "\"chunked\"", "cow", "5"}) {
    EXPECT_EQ(FramingOf({{kCoding, value}}), "refused") << value;
  }
  EXPECT_EQ(FramingOf({{kCoding, std::string_view("chunked\0", 8)}}), "refused");
  EXPECT_EQ(FramingOf({{kCoding, "chunked"}}, http::Version::kHttp10), "refused");
}

TEST(ReadFramingTest, RefusesTwoFramingFields) {
  const Fields cases[] = {
      {{kLength, "5"}, {kLength, "5"}},
      {{kLength, "5"}, {kLength, "6"}},
      {{kLength, "0"}, {"content-length", "0"}},
      {{kLength, "5"}, {"Host", "h"}, {kLength, ""}},
      {{kLength, "5"}, {kCoding, "chunked"}},
      {{kCoding, "chunked"}, {kLength, "5"}},
      {{kCoding, "chunked"}, {kLength, "0"}},
      {{kCoding, "identity"}, {kLength, "5"}},
      {{kCoding, ""}, {kLength, "5"}},
      {{kCoding, "chunked"}, {kCoding, "chunked"}},
      {{kCoding, "gzip"}, {"transfer-encoding", "chunked"}},
      {{kCoding, "chunked"}, {kCoding, "identity"}},
  };
  for (const Fields& fields : cases) {
    for (http::Version version : {http::Version::kHttp11, http::Version::kHttp10}) {
      EXPECT_EQ(FramingOf(fields, version), "refused") << fields[0].second << fields[1].second;
    }
  }
}

// Returns text like "close keep-alive upgrade/3": the known options and the number of options.
std::string OptionsOf(const Fields& fields) {
  const ConnectionOptions options = ReadConnectionOptions(ListOf(fields));
  return std::string(options.close ? "close " : "") + (options.keep_alive ? "keep-alive " : "") +
         (options.upgrade ? "upgrade /" : "/") + std::to_string(options.count);
}

TEST(ReadConnectionOptionsTest, ReadsAllFieldsAsOneList) {
  const struct {
    Fields fields;
    const char* options;
  } cases[] = {
      {{}, "/0"},
      {{{"Host", "close"}}, "/0"},
      {{{"Connection", ""}}, "/0"},
      {{{"Connection", " , ,\t,"}}, "/0"},
      {{{"Connection", "close"}}, "close /1"},
      {{{"connection", "CLOSE"}}, "close /1"},
      {{{"Connection", "Keep-Alive"}}, "keep-alive /1"},
      {{{"Connection", "x,close ,\tUpgrade"}}, "close upgrade /3"},
      {{{"Connection", "keep-alive"}, {"Connection", "close"}}, "close keep-alive /2"},
      {{{"Connection", "upgrade, upgrade"}}, "upgrade /2"},
      // Similar words.
      {{{"Connection", "closed, close;q=1, \"close\", keep alive, keepalive, up grade"}}, "/6"},
      {{{"Proxy-Connection", "close"}, {"Keep-Alive", "close"}}, "/0"},
  };
  for (const auto& c : cases) {
    EXPECT_EQ(OptionsOf(c.fields), c.options) << (c.fields.empty() ? "" : c.fields[0].second);
  }
}

TEST(ReadConnectionOptionsTest, CountsMoreThanAreAccepted) {
  std::string value = "a";
  for (int i = 0; i < kMaxConnectionOptions; ++i) value += ",a";
  EXPECT_EQ(OptionsOf({{"Connection", value}}), "/" + std::to_string(kMaxConnectionOptions + 1));
}

TEST(IsPersistentTest, CloseWinsAndHttp10HasToAskForIt) {
  const struct {
    std::string_view connection;
    bool http11, http10;
  } cases[] = {
      {"", true, false},
      {"upgrade", true, false},
      {"keep-alive", true, true},
      {"close", false, false},
      {"keep-alive, close", false, false},
      {"close, keep-alive", false, false},
  };
  for (const auto& c : cases) {
    const ConnectionOptions options = ReadConnectionOptions(ListOf({{"Connection", c.connection}}));
    EXPECT_EQ(IsPersistent(options, http::Version::kHttp11), c.http11) << c.connection;
    EXPECT_EQ(IsPersistent(options, http::Version::kHttp10), c.http10) << c.connection;
  }
}

}  // namespace
}  // namespace mantlet::http1
