// Fields in, the values of a request or its refusal out, as a table.

#include "proxy/http2/head_reader.h"

#include <optional>
#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "test/proxy/http2/frames.h"

namespace mantlet::http2 {
namespace {

using testing::Fields;
using testing::Request;

std::string Describe(const http::RequestHead& head) {
  std::string text = head.method_text + " " + head.target + " " + head.authority;
  switch (head.framing.kind) {
    case http::Framing::Kind::kContentLength:
      text += " length=" + std::to_string(head.framing.length);
      break;
    case http::Framing::Kind::kChunked:
      text += " chunked";
      break;
    default:
      break;
  }
  if (head.expect_continue) text += " expect";
  if (head.wants_upgrade()) text += " upgrade=" + head.upgrade;
  for (const http::HeaderView field : head.headers) {
    text += "|" + std::string(field.name) + ": " + std::string(field.value);
  }
  return text;
}

std::string Read(const Fields& fields, bool last = true, const HeadLimits& limits = {}) {
  http::RequestHead head;
  HeadReader reader;
  reader.Begin(head, limits);
  for (const auto& [name, value] : fields) {
    if (!reader.Add(name, value)) return "hopeless";
  }
  if (const auto error = reader.Finish(last)) {
    return std::to_string(error->status()) + " " + error->detail;
  }
  EXPECT_EQ(head.version, http::Version::kHttp2);
  EXPECT_EQ(head.method, http::ParseMethod(head.method_text));
  return Describe(head);
}

Fields With(std::string method, std::string path, std::string authority, const Fields& more = {}) {
  Fields fields = {{":method", method}, {":scheme", "https"}, {":path", path}};
  if (authority != "-") fields.push_back({":authority", authority});
  fields.insert(fields.end(), more.begin(), more.end());
  return fields;
}

struct Case {
  Fields fields;
  std::string expected;
  bool last = true;
};

class HeadReaderTableTest : public ::testing::TestWithParam<Case> {};

TEST_P(HeadReaderTableTest, ReadsOrRefuses) {
  EXPECT_EQ(Read(GetParam().fields, GetParam().last), GetParam().expected);
}

INSTANTIATE_TEST_SUITE_P(
    Targets, HeadReaderTableTest,
    ::testing::Values(Case{With("GET", "/", "a"), "GET / a"},
                      Case{With("GET", "/x?y=%20//..", "a"), "GET /x?y=%20//.. a"},
                      Case{With("OPTIONS", "*", "a"), "OPTIONS * a"},
                      Case{With("GET", "*", "a"), "400 :path * without OPTIONS"},
                      Case{With("GET", "", "a"), "400 :path does not begin with /"},
                      Case{With("GET", "x", "a"), "400 :path does not begin with /"},
                      Case{With("GET", "http://a/", "a"), "400 :path does not begin with /"},
                      Case{With("GET", "/a b", "a"), "400 bad byte in :path"},
                      Case{With("GET", "/a#b", "a"), "400 bad byte in :path"},
                      Case{With("GET", "/\x7f", "a"), "400 bad byte in :path"},
                      Case{With("GET", "/\xc3\xa4", "a"), "400 bad byte in :path"},
                      Case{With("GET", "/ HTTP/1.1\r\nHost: b", "a"), "400 bad byte in :path"}));

INSTANTIATE_TEST_SUITE_P(
    Methods, HeadReaderTableTest,
    ::testing::Values(Case{With("PURGE", "/", "a"), "PURGE / a"},
                      Case{With("get", "/", "a"), "501 a method with lower-case letters"},
                      Case{With("GEt", "/", "a"), "501 a method with lower-case letters"},
                      Case{With("CONNECT", "/", "a"), "501 CONNECT is not supported"},
                      Case{With(std::string(48, 'M'), "/", "a"), std::string(48, 'M') + " / a"},
                      Case{With(std::string(49, 'M'), "/", "a"), "501 a method that is too long"}));

INSTANTIATE_TEST_SUITE_P(
    Authorities, HeadReaderTableTest,
    ::testing::Values(
        Case{With("GET", "/", "a:8443"), "GET / a:8443"},
        Case{With("GET", "/", "[::1]:1"), "GET / [::1]:1"},
        Case{With("GET", "/", "-", {{"host", "a"}}), "GET / a|host: a"},
        Case{With("GET", "/", "", {{"host", "a"}}), "GET / a|host: a"},
        Case{With("GET", "/", "a", {{"host", "A"}}), "GET / a|host: A"},
        Case{With("GET", "/", "a", {{"host", "b"}}), "400 Host differs from :authority"},
        Case{With("GET", "/", "a", {{"host", "a:443"}}), "400 Host differs from :authority"},
        Case{With("GET", "/", "a", {{"host", ""}}), "400 Host differs from :authority"},
        Case{With("GET", "/", "a", {{"host", "a"}, {"host", "a"}}), "400 more than one Host"},
        Case{With("GET", "/", "-"), "400 no :authority"},
        Case{With("GET", "/", "-", {{"host", ""}}), "400 no :authority"},
        Case{With("GET", "/", "u@a"), "400 malformed :authority"},
        Case{With("GET", "/", "a b"), "400 malformed :authority"},
        Case{With("GET", "/", "a\r\nx: y"), "400 malformed :authority"},
        Case{With("GET", "/", "a:"), "GET / a:"},
        Case{With("GET", "/", "a:x"), "400 malformed :authority"},
        Case{With("GET", "/", "a/b"), "400 malformed :authority"}));

INSTANTIATE_TEST_SUITE_P(
    Content, HeadReaderTableTest,
    ::testing::Values(
        Case{Request("GET", "/"), "GET / a chunked", false},
        Case{Request("POST", "/"), "POST / a length=0"},
        Case{Request("PUT", "/"), "PUT / a length=0"},
        Case{Request("PATCH", "/"), "PATCH / a length=0"},
        Case{Request("DELETE", "/"), "DELETE / a"},
        Case{Request("POST", "/"), "POST / a chunked", false},
        Case{Request("POST", "/", {{"content-length", "7"}}), "POST / a length=7|content-length: 7",
             false},
        Case{Request("GET", "/", {{"content-length", "0"}}), "GET / a length=0|content-length: 0"},
        Case{Request("GET", "/", {{"content-length", "1"}}), "400 Content-Length without content"},
        Case{Request("POST", "/", {{"content-length", "7"}, {"content-length", "7"}}),
             "400 more than one Content-Length", false},
        Case{Request("POST", "/", {{"content-length", ""}}), "400 malformed Content-Length", false},
        Case{Request("POST", "/", {{"content-length", "+7"}}), "400 malformed Content-Length",
             false},
        Case{Request("POST", "/", {{"content-length", "-7"}}), "400 malformed Content-Length",
             false},
        Case{Request("POST", "/", {{"content-length", "7, 7"}}), "400 malformed Content-Length",
             false},
        Case{Request("POST", "/", {{"content-length", "0x7"}}), "400 malformed Content-Length",
             false},
        Case{Request("POST", "/", {{"content-length", "9223372036854775808"}}),
             "400 malformed Content-Length", false},
        Case{Request("POST", "/", {{"expect", "100-Continue"}}),
             "POST / a chunked expect|expect: 100-Continue", false},
        Case{Request("POST", "/", {{"expect", "100-continue"}}),
             "POST / a length=0|expect: 100-continue"},
        Case{Request("POST", "/", {{"expect", "magic"}}), "417 unknown expectation", false}));

INSTANTIATE_TEST_SUITE_P(
    Cookies, HeadReaderTableTest,
    ::testing::Values(
        Case{Request("GET", "/", {{"cookie", "a=b"}}), "GET / a|cookie: a=b"},
        Case{Request("GET", "/",
                     {{"cookie", "a=b"}, {"x", "y"}, {"cookie", "c=d"}, {"cookie", "e"}}),
             "GET / a|x: y|cookie: a=b; c=d; e"},
        Case{Request("GET", "/", {{"cookie", ""}, {"cookie", "c=d"}}), "GET / a|cookie: c=d"},
        Case{Request("GET", "/", {{"x", "1"}, {"x", "2"}}), "GET / a|x: 1|x: 2"}));

INSTANTIATE_TEST_SUITE_P(
    ExtendedConnect, HeadReaderTableTest,
    ::testing::Values(Case{With("CONNECT", "/chat", "a", {{":protocol", "websocket"}}),
                           "GET /chat a upgrade=websocket", false},
                      Case{With("GET", "/chat", "a", {{":protocol", "websocket"}}),
                           "400 :protocol without CONNECT", false},
                      Case{With("CONNECT", "/", "a", {{":protocol", "h2c"}}),
                           "501 HTTP and TLS are not tunnelled", false},
                      Case{With("CONNECT", "/", "a", {{":protocol", "HTTP/1.1"}}),
                           "501 HTTP and TLS are not tunnelled", false},
                      Case{With("CONNECT", "/", "a", {{":protocol", "TLS/1.0"}}),
                           "501 HTTP and TLS are not tunnelled", false},
                      Case{With("CONNECT", "/", "a", {{":protocol", "a b"}}),
                           "501 HTTP and TLS are not tunnelled", false},
                      Case{With("CONNECT", "/", "a", {{":protocol", "web\r\nsocket"}}),
                           "501 HTTP and TLS are not tunnelled", false}));

// ---- limits, exactly reached and exceeded by one

TEST(HeadReaderLimitsTest, ATargetMayBeAsLongAsItsLimit) {
  HeadLimits limits;
  limits.target_bytes = 8;
  EXPECT_EQ(Read(Request("GET", "/1234567"), true, limits), "GET /1234567 a");
  EXPECT_EQ(Read(Request("GET", "/12345678"), true, limits), "414 :path too long");
}

// Name, value, colon, blank and line end of each field, as in HTTP/1.
size_t BytesOf(const Fields& fields) {
  size_t bytes = 0;
  for (const auto& [name, value] : fields) bytes += name.size() + value.size() + 4;
  return bytes;
}

TEST(HeadReaderLimitsTest, ASectionMayBeAsLargeAsItsLimit) {
  const Fields fields = Request("GET", "/", {{"x", std::string(100, 'v')}});
  HeadLimits limits;
  limits.header_bytes = BytesOf(fields);
  EXPECT_EQ(Read(fields, true, limits), "GET / a|x: " + std::string(100, 'v'));
  --limits.header_bytes;
  EXPECT_EQ(Read(fields, true, limits), "431 header section too large");
}

TEST(HeadReaderLimitsTest, ASectionThatIsFarOverItsLimitIsNotReadToItsEnd) {
  HeadLimits limits;
  limits.header_bytes = 100;
  Fields fields = Request();
  const size_t begin = BytesOf(fields);
  fields.push_back({"x", std::string(400 - begin - 5, 'v')});
  EXPECT_EQ(Read(fields, true, limits), "431 header section too large");
  fields.back().second += "v";
  EXPECT_EQ(Read(fields, true, limits), "hopeless");
}

TEST(HeadReaderLimitsTest, FieldsAreCountedAndPseudoFieldsAreNot) {
  HeadLimits limits;
  limits.header_count = 2;
  EXPECT_EQ(Read(Request("GET", "/", {{"x", ""}, {"y", ""}}), true, limits), "GET / a|x: |y: ");
  EXPECT_EQ(Read(Request("GET", "/", {{"x", ""}, {"y", ""}, {"z", ""}}), true, limits),
            "431 too many header fields");
  EXPECT_EQ(
      Read(Request("GET", "/", {{"cookie", "a"}, {"cookie", "b"}, {"cookie", "c"}}), true, limits),
      "431 too many header fields")
      << "crumbs are fields";
  const Fields eight(8, {"x", ""});
  EXPECT_EQ(Read(Request("GET", "/", eight), true, limits), "431 too many header fields");
  const Fields nine(9, {"x", ""});
  EXPECT_EQ(Read(Request("GET", "/", nine), true, limits), "hopeless");
}

TEST(HeadReaderLimitsTest, ContentMayBeAsLongAsItsLimit) {
  HeadLimits limits;
  limits.body_bytes = 7;
  EXPECT_EQ(Read(Request("POST", "/", {{"content-length", "7"}}), false, limits),
            "POST / a length=7|content-length: 7");
  EXPECT_EQ(Read(Request("POST", "/", {{"content-length", "8"}}), false, limits),
            "413 request content too large");
}

TEST(HeadReaderLimitsTest, TrailersHaveTheLimitsOfASection) {
  HeadLimits limits;
  limits.header_bytes = 12;
  limits.header_count = 2;
  http::HeaderList trailers;
  HeadReader reader;
  const auto read = [&](const Fields& fields) {
    reader.BeginTrailers(trailers, limits);
    for (const auto& [name, value] : fields) {
      if (!reader.Add(name, value)) return std::string("hopeless");
    }
    const auto error = reader.FinishTrailers();
    return error ? std::to_string(error->status())
                 : std::string(trailers.Lines(0, trailers.size()));
  };
  EXPECT_EQ(read({{"x", "y"}, {"a", "b"}}), "x: y\r\na: b\r\n");
  EXPECT_EQ(read({{"x", "y"}, {"a", "bc"}}), "431");
  EXPECT_EQ(read({{"a", ""}, {"b", ""}, {"c", ""}}), "431");
  EXPECT_EQ(read({{"a", std::string(100, 'x')}}), "hopeless");
  EXPECT_EQ(read({{"cookie", "a"}}), "cookie: a\r\n") << "a limit ends with its section";
}

TEST(HeadReaderTest, ARequestLeavesNothingToTheNextOne) {
  http::RequestHead head;
  HeadReader reader;
  HeadLimits limits;
  limits.header_bytes = 200;
  reader.Begin(head, limits);
  for (const auto& [name, value] : With("CONNECT", "/x", "b",
                                        {{":protocol", "websocket"},
                                         {"cookie", "a"},
                                         {"expect", "100-continue"},
                                         {"x", std::string(300, 'x')}})) {
    reader.Add(name, value);
  }
  EXPECT_TRUE(reader.Finish(false));
  reader.Begin(head, limits);
  for (const auto& [name, value] : Request()) reader.Add(name, value);
  EXPECT_FALSE(reader.Finish(true));
  EXPECT_EQ(Describe(head), "GET / a");
}

}  // namespace
}  // namespace mantlet::http2
