// Reads the responses that a client of HTTP/2 received, from the frames alone.

#ifndef MANTLET_TEST_FUZZ_RECEIVED_RESPONSES_H_
#define MANTLET_TEST_FUZZ_RECEIVED_RESPONSES_H_

#include <nghttp2/nghttp2.h>

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "test/fuzz/fuzz_input.h"
#include "test/fuzz/strict_http1.h"
#include "test/proxy/http2/frame_log.h"

namespace mantlet::fuzz {

using DecodedFields = std::vector<std::pair<std::string, std::string>>;

inline DecodedFields DecodeFields(nghttp2_hd_inflater& inflater, std::string_view block) {
  DecodedFields fields;
  const auto* at = reinterpret_cast<const uint8_t*>(block.data());
  size_t left = block.size();
  int flags = 0;
  while ((flags & NGHTTP2_HD_INFLATE_FINAL) == 0) {
    nghttp2_nv field;
    const ssize_t used = nghttp2_hd_inflate_hd2(&inflater, &field, &flags, at, left, 1);
    Require(used >= 0, "a field section that cannot be decoded");
    at += used;
    left -= static_cast<size_t>(used);
    if ((flags & NGHTTP2_HD_INFLATE_EMIT) == 0) continue;
    fields.emplace_back(std::string(reinterpret_cast<const char*>(field.name), field.namelen),
                        std::string(reinterpret_cast<const char*>(field.value), field.valuelen));
  }
  nghttp2_hd_inflate_end_headers(&inflater);
  return fields;
}

// A stream that was reset is not complete, unless its end had come before.
inline std::vector<Message> ReadFrames(std::string bytes) {
  nghttp2_hd_inflater* inflater = nullptr;
  nghttp2_hd_inflate_new(&inflater);
  std::map<uint32_t, Message> streams;
  for (const http2::testing::SeenFrame& frame : http2::testing::TakeFrames(bytes)) {
    Message& response = streams[frame.stream];
    const bool message =
        frame.type == http2::testing::kHeaders || frame.type == http2::testing::kData;
    Require(!message || !response.complete, "a frame behind the end of a response");
    if (frame.type == http2::testing::kHeaders) {
      for (auto& field : DecodeFields(*inflater, frame.payload)) {
        if (field.first == ":status") response.status = std::stoi(field.second);
        response.fields.push_back(std::move(field));
      }
    }
    if (frame.type == http2::testing::kData) {
      Require(response.status >= 200, "content without a head");
      response.content += frame.payload;
    }
    if (message && (frame.flags & http2::testing::kEndStream) != 0) response.complete = true;
  }
  nghttp2_hd_inflate_del(inflater);
  std::vector<Message> responses;
  for (auto& [id, response] : streams) responses.push_back(std::move(response));
  return responses;
}

}  // namespace mantlet::fuzz

#endif  // MANTLET_TEST_FUZZ_RECEIVED_RESPONSES_H_
