// Frames in, requests and frames out, as tables: what RFC 9113 demands of a server.

#include "proxy/http2/server_codec.h"

#include <ostream>
#include <string>
#include <string_view>
#include <vector>

#include "gtest/gtest.h"
#include "test/proxy/http2/codec_fixture.h"

namespace mantlet::http2::testing {
namespace {

struct Case {
  const char* name;
  std::string frames;  // behind the client's preface and SETTINGS
  std::string events;
  std::string sent;  // behind the server's SETTINGS and its acknowledgement
  bool opened = true;
};

void PrintTo(const Case& c, std::ostream* out) { *out << c.name; }

// The words of a connection that ends at once.
std::string Ends(std::string_view error, int last = 0) {
  return "GOAWAY:" + std::to_string(last) + ":" + std::string(error);
}

const char kServed[] = "1:GET/ 1. 1#";
const char kOk[] = "H1:200 D1:ok+";

std::vector<Case> Connections() {
  return {
      {"Request", Get(1), kServed, kOk},
      {"RequestInTwoFrames",
       Frame(kHeaders, kEndStream, 1, Block(Request()).substr(0, 9)) +
           Frame(kContinuation, kEndHeaders, 1, Block(Request()).substr(9)),
       kServed, kOk},
      {"RequestWithPadding",
       Frame(kHeaders, kWhole | kPadded, 1, Number(3, 1) + Block(Request()) + std::string(3, '\0')),
       kServed, kOk},
      {"RequestWithPriority",
       Frame(kHeaders, kWhole | 0x20, 1, Number(0, 4) + Number(9, 1) + Block(Request())), kServed,
       kOk},
      {"Content", Post(1) + Data(1, "abc", kEndStream), "1:POST/ 1>abc 1. 1#", kOk},
      {"Trailers", Post(1) + Data(1, "abc") + Headers(1, {{"x", "y"}}), "1:POST/ 1>abc 1;x=y 1. 1#",
       kOk},
      {"PaddedContent",
       Post(1) + Frame(kData, kEndStream | kPadded, 1, Number(2, 1) + "abc" + std::string(2, '\0')),
       "1:POST/ 1>abc 1. 1#", kOk},

      // Section 3.4
      {"NoPreface", "GET / HTTP/1.1\r\nHost: a\r\n\r\n", "", Ends("PROTOCOL_ERROR"), false},
      {"NoSettings", std::string(kPreface) + Ping(), "", Ends("PROTOCOL_ERROR"), false},
      // Section 4.1, 5.5
      {"UnknownFrame", Frame(0xbe, 0xff, 0, "xyz") + Frame(0xbe, 0, 9, "") + Get(1), kServed, kOk},
      {"UnknownFrameInsideAHeaderBlock",
       Frame(kHeaders, kEndStream, 1, "") + Frame(0xbe, 0, 0, "xyz"), "",
       Ends("PROTOCOL_ERROR", 1)},
      // Section 4.2
      {"FrameTooLarge", Post(1) + Data(1, std::string(16385, 'x')).substr(0, 9), "1:POST/",
       Ends("FRAME_SIZE_ERROR", 1)},
      {"PingOfOddSize", Frame(kPing, 0, 0, "1234567"), "", Ends("FRAME_SIZE_ERROR")},
      {"SettingsOfOddSize", Frame(kSettings, 0, 0, "12345"), "", Ends("FRAME_SIZE_ERROR")},
      {"RstStreamOfOddSize", Get(1) + Frame(kRstStream, 0, 1, "123"), "1:GET/ 1.",
       Ends("FRAME_SIZE_ERROR", 1)},
      {"WindowUpdateOfOddSize", Frame(kWindowUpdate, 0, 0, "123"), "", Ends("FRAME_SIZE_ERROR")},
      // Section 4.3
      {"UndecodableHeaderBlock", Frame(kHeaders, kWhole, 1, "\xff\xff\xff\xff\xff\xff\xff\xff"), "",
       Ends("COMPRESSION_ERROR", 1)},

      // Section 5.1, idle
      {"DataOnIdle", Data(1, "x"), "", Ends("PROTOCOL_ERROR")},
      {"RstStreamOnIdle", RstStream(1, 8), "", Ends("PROTOCOL_ERROR")},
      {"WindowUpdateOnIdle", WindowUpdate(1, 1), "", Ends("PROTOCOL_ERROR")},
      {"ContinuationOnIdle", Frame(kContinuation, kEndHeaders, 1, Block(Request())), "",
       Ends("PROTOCOL_ERROR")},
      // Section 5.1, half-closed (remote), and closed
      {"DataAfterTheEnd", Get(1) + Data(1, "x"), "1:GET/ 1.", Ends("STREAM_CLOSED", 1)},
      {"TrailersAfterTheEnd", Get(1) + Headers(1, {{"x", "y"}}), "", Ends("STREAM_CLOSED", 1)},
      // Section 5.1.1
      {"EvenStream", Get(2), "", Ends("PROTOCOL_ERROR")},
      {"StreamsThatDecrease", Get(5) + Get(3), "", Ends("PROTOCOL_ERROR", 5)},
      {"StreamZero", Get(0), "", Ends("PROTOCOL_ERROR")},
      // Section 5.3.1
      {"PriorityOfItself", Priority(1, 1), "", Ends("PROTOCOL_ERROR")},
      {"PriorityOfItselfInAHead",
       Frame(kHeaders, kWhole | 0x20, 1, Number(1, 4) + Number(9, 1) + Block(Request())), "",
       Ends("PROTOCOL_ERROR")},
      {"PriorityOnStreamZero", Priority(0, 1), "", Ends("PROTOCOL_ERROR")},

      // Section 6.5
      {"SettingsOnAStream", Frame(kSettings, 0, 1, ""), "", Ends("PROTOCOL_ERROR")},
      {"SettingsAckWithContent", Frame(kSettings, kAck, 0, Number(0, 6)), "",
       Ends("FRAME_SIZE_ERROR")},
      {"EnablePushOf2", Setting(2, 2), "", Ends("PROTOCOL_ERROR")},
      {"WindowTooLarge", Setting(4, 0x80000000), "", Ends("FLOW_CONTROL_ERROR")},
      {"FramesTooSmall", Setting(5, 16383), "", Ends("PROTOCOL_ERROR")},
      {"FramesTooLarge", Setting(5, 16777216), "", Ends("PROTOCOL_ERROR")},
      {"UnknownSetting", Setting(0xff, 1) + Get(1), kServed, std::string("SETTINGS-ACK ") + kOk},
      // Section 6.6
      {"PushPromise", Frame(kPushPromise, kEndHeaders, 1, Number(2, 4) + Block(Request())), "",
       Ends("PROTOCOL_ERROR")},
      // Section 6.7
      {"Ping", Ping(), "", "PING-ACK"},
      {"PingAck", Ping(kAck) + Get(1), kServed, kOk},
      {"PingOnAStream", Frame(kPing, 0, 1, "12345678"), "", Ends("PROTOCOL_ERROR")},
      // Section 6.8
      {"GoawayOnAStream", Frame(kGoaway, 0, 1, Number(0, 8)), "", Ends("PROTOCOL_ERROR")},
      // Section 6.9
      {"WindowUpdateOfZero", WindowUpdate(0, 0), "", Ends("PROTOCOL_ERROR")},
      {"WindowUpdateOfZeroOnAStream", Post(1) + WindowUpdate(1, 0), "", Ends("PROTOCOL_ERROR", 1)},
      {"WindowOverflow", WindowUpdate(0, 0x7fffffff), "", Ends("FLOW_CONTROL_ERROR")},
      // Section 6.10
      {"ContinuationAfterTheEnd",
       Post(1) + Frame(kContinuation, kEndHeaders, 1, Block({{"x", "y"}})), "1:POST/",
       Ends("PROTOCOL_ERROR", 1)},
      {"ContinuationOfAnotherStream",
       Frame(kHeaders, kEndStream, 1, Block(Request())) +
           Frame(kContinuation, kEndHeaders, 3, Block({{"x", "y"}})),
       "", Ends("PROTOCOL_ERROR", 1)},
      {"DataInsideAHeaderBlock", Frame(kHeaders, 0, 1, Block(Request())) + Data(1, "x"), "",
       Ends("PROTOCOL_ERROR", 1)},
  };
}

// What is wrong with a message is an error of its stream; the next one is served.
Case Malformed(const char* name, const std::string& frames, std::string_view events = "",
               std::string_view error = "PROTOCOL_ERROR") {
  return {name, frames + Get(3),
          std::string(events) + (events.empty() ? "" : " ") + "3:GET/ 3. 1#bad_request 3#",
          "R1:" + std::string(error) + " H3:200 D3:ok+"};
}

Case MalformedField(const char* name, std::string field, std::string value) {
  return Malformed(name, Headers(1, Request("GET", "/", {{std::move(field), std::move(value)}})));
}

Case MalformedHead(const char* name, const Fields& fields) {
  return Malformed(name, Headers(1, fields));
}

std::vector<Case> Messages() {
  const Fields get = Request();
  Fields missing_method = get, missing_scheme = get, missing_path = get;
  missing_method.erase(missing_method.begin());
  missing_scheme.erase(missing_scheme.begin() + 1);
  missing_path.erase(missing_path.begin() + 2);
  Fields pseudo_last = Request();
  pseudo_last.insert(pseudo_last.begin() + 3, {"x", "y"});
  return {
      // Section 8.1, 8.1.1
      Malformed("SecondHeadWithoutTheEnd", Post(1) + Headers(1, {{"x", "y"}}, kEndHeaders)),
      Malformed("PseudoFieldInTrailers", Post(1) + Headers(1, {{":path", "/"}})),
      Malformed("MoreContentThanItsLength",
                Post(1, {{"content-length", "2"}}) + Data(1, "abc", kEndStream), "1:POST/"),
      Malformed("LessContentThanItsLength",
                Post(1, {{"content-length", "4"}}) + Data(1, "abc", kEndStream), "1:POST/ 1>abc"),
      Malformed("LessContentInFrames",
                Post(1, {{"content-length", "4"}}) + Data(1, "ab") + Data(1, "c", kEndStream),
                "1:POST/ 1>abc"),
      Malformed("LessContentBeforeTrailers",
                Post(1, {{"content-length", "4"}}) + Data(1, "abc") + Headers(1, {{"x", "y"}})),
      MalformedField("LengthWithoutContent", "content-length", "1"),
      // Section 8.2
      MalformedField("UpperCaseName", "X-y", "z"),
      MalformedField("EmptyName", "", "z"),
      MalformedField("ColonInAName", "x:y", "z"),
      MalformedField("BlankInAName", "x y", "z"),
      MalformedField("BlankBehindAName", "x ", "z"),
      MalformedField("LineEndInAName", "x\r\ny", "z"),
      MalformedField("NulInAName", std::string("x\0y", 3), "z"),
      MalformedField("ObsTextInAName", "x\xe4", "z"),
      MalformedField("LineEndInAValue", "x", "y\r\nz: w"),
      MalformedField("LineFeedInAValue", "x", "y\nz"),
      MalformedField("CarriageReturnInAValue", "x", "y\rz"),
      MalformedField("NulInAValue", "x", std::string("y\0z", 3)),
      MalformedField("LeadingBlank", "x", " y"),
      MalformedField("TrailingBlank", "x", "y "),
      MalformedField("LeadingTab", "x", "\ty"),
      MalformedField("TrailingTab", "x", "y\t"),
      // Section 8.2.2
      MalformedField("Connection", "connection", "close"),
      MalformedField("KeepAlive", "keep-alive", "1"),
      MalformedField("ProxyConnection", "proxy-connection", "close"),
      MalformedField("TransferEncoding", "transfer-encoding", "chunked"),
      MalformedField("Upgrade", "upgrade", "websocket"),
      MalformedField("TeOfAnotherKind", "te", "gzip"),
      MalformedField("TeOfTwoKinds", "te", "trailers, gzip"),
      // Section 8.3
      MalformedField("UnknownPseudoField", ":x", "y"),
      MalformedField("PseudoFieldOfAResponse", ":status", "200"),
      MalformedHead("PseudoFieldBehindAField", pseudo_last),
      MalformedHead("NoMethod", missing_method),
      MalformedHead("NoScheme", missing_scheme),
      MalformedHead("NoPath", missing_path),
      MalformedField("TwoMethods", ":method", "GET"),
      MalformedField("TwoPaths", ":path", "/"),
      MalformedField("TwoSchemes", ":scheme", "https"),
      MalformedField("TwoAuthorities", ":authority", "a"),
      MalformedHead("EmptyPath", Request("GET", "")),
      MalformedHead("PathWithoutSlash", Request("GET", "x")),
      MalformedHead("PathWithABlank", Request("GET", "/ HTTP/1.1")),
      MalformedHead("EmptyMethod", Request("")),
      MalformedHead("MethodWithABlank", Request("GET /x HTTP/1.1\r\nx:")),
      // Section 6.9
      Malformed("WindowOverflow", Post(1) + WindowUpdate(1, 0x7fffffff), "", "FLOW_CONTROL_ERROR"),
  };
}

class ServerCodecTableTest : public CodecFixture, public ::testing::WithParamInterface<Case> {};

TEST_P(ServerCodecTableTest, DoesWhatItShould) {
  const Case& c = GetParam();
  if (c.opened) Open();
  Client(c.frames);
  const std::string events = Events(), sent = Sent();
  EXPECT_EQ(events, c.events);
  EXPECT_EQ(sent, c.sent);
}

std::string NameOf(const ::testing::TestParamInfo<Case>& info) { return info.param.name; }

INSTANTIATE_TEST_SUITE_P(Connections, ServerCodecTableTest, ::testing::ValuesIn(Connections()),
                         NameOf);
INSTANTIATE_TEST_SUITE_P(Messages, ServerCodecTableTest, ::testing::ValuesIn(Messages()), NameOf);

}  // namespace
}  // namespace mantlet::http2::testing
