// FrameLog reads what a server sends and writes it down, one word for each frame, so that a test
// compares text. Field sections are decoded with nghttp2's HPACK decoder.

#ifndef MANTLET_TEST_PROXY_HTTP2_FRAME_LOG_H_
#define MANTLET_TEST_PROXY_HTTP2_FRAME_LOG_H_

#include <nghttp2/nghttp2.h>

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "test/proxy/http2/frames.h"

namespace mantlet::http2::testing {

struct SeenFrame {
  uint8_t type = 0;
  uint8_t flags = 0;
  uint32_t stream = 0;
  std::string payload;
};

inline uint32_t ReadNumber(std::string_view bytes) {
  uint32_t number = 0;
  for (const char c : bytes) number = number << 8 | static_cast<uint8_t>(c);
  return number;
}

// Takes the whole frames from the front of `bytes`.
inline std::vector<SeenFrame> TakeFrames(std::string& bytes) {
  std::vector<SeenFrame> frames;
  size_t at = 0;
  while (bytes.size() - at >= 9) {
    const std::string_view rest = std::string_view(bytes).substr(at);
    const size_t size = ReadNumber(rest.substr(0, 3));
    if (rest.size() < 9 + size) break;
    frames.push_back({static_cast<uint8_t>(rest[3]), static_cast<uint8_t>(rest[4]),
                      ReadNumber(rest.substr(5, 4)), std::string(rest.substr(9, size))});
    at += 9 + size;
  }
  bytes.erase(0, at);
  return frames;
}

class FrameLog {
 public:
  FrameLog() { nghttp2_hd_inflate_new(&inflater_); }
  ~FrameLog() { nghttp2_hd_inflate_del(inflater_); }
  FrameLog(const FrameLog&) = delete;

  // Takes the whole frames from `bytes` and returns their words: "H1:200+ D1:ok+ R3:CANCEL". `+` is
  // END_STREAM; fields follow as "name=value".
  std::string Take(std::string& bytes) {
    std::string words;
    for (const SeenFrame& frame : TakeFrames(bytes)) {
      const std::string word = Word(frame);
      if (word.empty()) continue;
      if (!words.empty()) words += ' ';
      words += word;
    }
    return words;
  }

  // Content by stream, as far as it has been taken.
  std::map<uint32_t, std::string> content;

 private:
  std::string Word(const SeenFrame& frame) {
    const std::string stream = std::to_string(frame.stream);
    const std::string_view payload = frame.payload;
    const std::string end = (frame.flags & kEndStream) != 0 ? "+" : "";
    switch (frame.type) {
      case kData:
        content[frame.stream] += frame.payload;
        return "D" + stream + ":" + Short(frame.payload) + end;
      case kHeaders:
        return "H" + stream + ":" + Section(frame.payload) + end;
      case kRstStream:
        return "R" + stream + ":" + Error(payload);
      case kSettings:
        return (frame.flags & kAck) != 0 ? "SETTINGS-ACK" : "SETTINGS";
      case kPing:
        return (frame.flags & kAck) != 0 ? "PING-ACK" : "PING";
      case kGoaway: {
        const uint32_t last = ReadNumber(payload.substr(0, 4));
        return "GOAWAY:" + (last == 0x7fffffff ? "all" : std::to_string(last)) + ":" +
               Error(payload.substr(4, 4));
      }
      case kWindowUpdate:
        return "W" + stream + ":" + std::to_string(ReadNumber(payload));
      default:
        return "?" + std::to_string(frame.type);
    }
  }

  static std::string Short(const std::string& content) {
    return content.size() <= 40 ? content : std::to_string(content.size()) + "bytes";
  }
  static std::string Error(std::string_view code) {
    return nghttp2_http2_strerror(ReadNumber(code));
  }
  std::string Section(std::string_view block) {
    std::string text;
    const auto* at = reinterpret_cast<const uint8_t*>(block.data());
    size_t left = block.size();
    int flags = 0;
    while ((flags & NGHTTP2_HD_INFLATE_FINAL) == 0) {
      nghttp2_nv field;
      const ssize_t used = nghttp2_hd_inflate_hd2(inflater_, &field, &flags, at, left, 1);
      if (used < 0) return "undecodable";
      at += used;
      left -= static_cast<size_t>(used);
      if ((flags & NGHTTP2_HD_INFLATE_EMIT) == 0) continue;
      const std::string name(reinterpret_cast<const char*>(field.name), field.namelen);
      const std::string value(reinterpret_cast<const char*>(field.value), field.valuelen);
      text += name == ":status" ? value : "," + name + "=" + value;
    }
    nghttp2_hd_inflate_end_headers(inflater_);
    return text;
  }

  nghttp2_hd_inflater* inflater_ = nullptr;
};

}  // namespace mantlet::http2::testing

#endif  // MANTLET_TEST_PROXY_HTTP2_FRAME_LOG_H_
