#include "proxy/server/handover_message.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <string_view>

namespace mantlet::server {
namespace {

using Type = HandoverMessage::Type;
using testing::HasSubstr;

// The beginning of a message of this version.
std::string Begin(Type type, uint16_t version = kHandoverVersion) {
  std::string bytes = "MNTU";
  bytes.push_back(static_cast<char>(version >> 8));
  bytes.push_back(static_cast<char>(version & 0xff));
  bytes.push_back(static_cast<char>(type));
  return bytes;
}

std::string Error(std::string_view bytes) {
  const auto message = DecodeHandover(bytes);
  return message.ok() ? "" : std::string(message.status().message());
}

TEST(HandoverMessage, EveryMessageIsReadAsItWasWritten) {
  HandoverMessage sockets;
  sockets.type = Type::kSockets;
  sockets.use = SocketUse::kEndpoint;
  sockets.name = "metrics";
  sockets.text = "/run/mantlet/\nmetrics.sock";
  HandoverMessage end;
  end.type = Type::kEnd;
  end.pid = 4'000'000'000;
  HandoverMessage ready;
  ready.type = Type::kReady;
  ready.taken = {0, 7, 4095};
  HandoverMessage refused;
  refused.type = Type::kRefused;
  refused.text = "it is draining";
  HandoverMessage next;
  next.type = Type::kNext;
  for (const HandoverMessage& message : {HandoverMessage{}, sockets, next, end, ready, refused}) {
    const auto read = DecodeHandover(EncodeHandover(message));
    ASSERT_TRUE(read.ok()) << read.status();
    EXPECT_EQ(*read, message);
  }
  EXPECT_EQ(HandoverSignal(Type::kDone), Begin(Type::kDone));
  EXPECT_EQ(HandoverRefusal("no"), Begin(Type::kRefused) + "no");
}

TEST(HandoverMessage, EveryCutMessageIsRejected) {
  HandoverMessage sockets;
  sockets.type = Type::kSockets;
  sockets.name = "public";
  sockets.text = "/run/public.sock";
  const std::string whole = EncodeHandover(sockets);
  for (size_t size = 0; size < whole.size(); ++size) {
    EXPECT_THAT(Error(whole.substr(0, size)), HasSubstr("no message")) << size;
  }
  EXPECT_THAT(Error(whole + "x"), HasSubstr("no message"));
}

TEST(HandoverMessage, WhatIsNoMessageIsRejected) {
  for (const std::string& bytes : {
           std::string("GET / HTTP/1.1\r\n\r\n"),
           Begin(static_cast<Type>(0)),
           Begin(static_cast<Type>(8)),
           Begin(Type::kHello) + "x",
           Begin(Type::kEnd) + "abc",
           Begin(Type::kReady) + "abc",
           Begin(Type::kSockets) + std::string("\0\0\0\0\0", 5),  // no such use
           Begin(Type::kSockets) + std::string("\5\0\0\0\0", 5),  // no such use
           Begin(Type::kSockets) + std::string("\1\x04\x01", 3) + std::string(2000, 'n'),
           Begin(Type::kReady) + std::string(4 * (kMaxHandoverEntries + 1), '\0'),
       }) {
    EXPECT_THAT(Error(bytes), HasSubstr("no message")) << bytes.substr(0, 20);
  }
}

TEST(HandoverMessage, AnotherVersionIsRejectedWithBothNumbers) {
  const auto message = DecodeHandover(Begin(Type::kHello, 258));
  EXPECT_TRUE(absl::IsFailedPrecondition(message.status()));
  EXPECT_THAT(std::string(message.status().message()),
              HasSubstr("version 258 of the upgrade protocol, this process version 1"));
}

TEST(HandoverMessage, ARefusalIsUnderstoodInEveryVersion) {
  const auto message = DecodeHandover(Begin(Type::kRefused, 9) + "too new");
  ASSERT_TRUE(message.ok()) << message.status();
  EXPECT_EQ(message->text, "too new");
}

TEST(HandoverMessage, LongTextsAreCut) {
  const auto message = DecodeHandover(HandoverRefusal(std::string(5000, 'r')));
  ASSERT_TRUE(message.ok());
  EXPECT_EQ(message->text, std::string(1024, 'r'));
}

}  // namespace
}  // namespace mantlet::server
