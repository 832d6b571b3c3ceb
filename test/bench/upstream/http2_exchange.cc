#include "test/bench/upstream/http2_exchange.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"

namespace mantlet::bench {
namespace {

// A client never waits for its window, nor for a stream.
constexpr int32_t kWindowBytes = (1 << 30) - 1;
constexpr uint32_t kStreams = 1000;

std::string_view View(const uint8_t* bytes, size_t size) {
  return {reinterpret_cast<const char*>(bytes), size};
}

nghttp2_nv Field(std::string_view name, std::string_view value) {
  return {reinterpret_cast<uint8_t*>(const_cast<char*>(name.data())),
          reinterpret_cast<uint8_t*>(const_cast<char*>(value.data())), name.size(), value.size(),
          NGHTTP2_NV_FLAG_NONE};
}

Http2Exchange& Self(void* user_data) { return *static_cast<Http2Exchange*>(user_data); }

}  // namespace

Http2Exchange::Http2Exchange(const Answers& answers) : answers_(answers) {
  nghttp2_session_callbacks* callbacks = nullptr;
  nghttp2_session_callbacks_new(&callbacks);
  nghttp2_session_callbacks_set_on_begin_headers_callback(
      callbacks, [](nghttp2_session*, const nghttp2_frame* frame, void* self) {
        if (frame->headers.cat == NGHTTP2_HCAT_REQUEST) Self(self).Begin(frame->hd.stream_id);
        return 0;
      });
  nghttp2_session_callbacks_set_on_header_callback(
      callbacks,
      [](nghttp2_session*, const nghttp2_frame* frame, const uint8_t* name, size_t name_size,
         const uint8_t* value, size_t value_size, uint8_t, void* self) {
        Self(self).OnHeader(frame->hd.stream_id, View(name, name_size), View(value, value_size));
        return 0;
      });
  nghttp2_session_callbacks_set_on_frame_recv_callback(
      callbacks, [](nghttp2_session*, const nghttp2_frame* frame, void* self) {
        const bool message = frame->hd.type == NGHTTP2_HEADERS || frame->hd.type == NGHTTP2_DATA;
        if (message && (frame->hd.flags & NGHTTP2_FLAG_END_STREAM) != 0) {
          Self(self).OnRequestEnd(frame->hd.stream_id);
        }
        return 0;
      });
  nghttp2_session_callbacks_set_on_stream_close_callback(
      callbacks, [](nghttp2_session*, int32_t stream_id, uint32_t, void* self) {
        Http2Exchange& exchange = Self(self);
        if (Stream* stream = exchange.Find(stream_id)) exchange.free_.push_back(stream);
        return 0;
      });
  nghttp2_session_server_new(&session_, callbacks, this);
  nghttp2_session_callbacks_del(callbacks);
  const std::array<nghttp2_settings_entry, 2> settings = {{
      {NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, kStreams},
      {NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, kWindowBytes},
  }};
  nghttp2_submit_settings(session_, NGHTTP2_FLAG_NONE, settings.data(), settings.size());
  nghttp2_session_set_local_window_size(session_, NGHTTP2_FLAG_NONE, 0, kWindowBytes);
}

Http2Exchange::~Http2Exchange() { nghttp2_session_del(session_); }

Exchange::Result Http2Exchange::Read(std::string_view bytes) {
  Exchange::Result result;
  requests_ = 0;
  result.ok = nghttp2_session_mem_recv(session_, reinterpret_cast<const uint8_t*>(bytes.data()),
                                       bytes.size()) >= 0;
  const uint8_t* frame = nullptr;
  ssize_t size = 0;
  while ((size = nghttp2_session_mem_send(session_, &frame)) > 0) {
    result.own.append(View(frame, static_cast<size_t>(size)));
  }
  result.requests = requests_;
  return result;
}

Http2Exchange::Stream* Http2Exchange::Begin(int32_t stream_id) {
  if (free_.empty()) {
    streams_.push_back(std::make_unique<Stream>());
    free_.push_back(streams_.back().get());
  }
  Stream* const stream = free_.back();
  free_.pop_back();
  stream->path.clear();
  stream->fields.clear();
  nghttp2_session_set_stream_user_data(session_, stream_id, stream);
  return stream;
}

Http2Exchange::Stream* Http2Exchange::Find(int32_t stream_id) const {
  return static_cast<Stream*>(nghttp2_session_get_stream_user_data(session_, stream_id));
}

void Http2Exchange::OnHeader(int32_t stream_id, std::string_view name, std::string_view value) {
  Stream* const stream = Find(stream_id);
  if (stream == nullptr) return;
  if (name == ":path") {
    stream->path.assign(value);
  } else if (stream->path == "/echo" && !name.starts_with(':')) {
    stream->fields.append(name).append(": ").append(value).append("\r\n");
  }
}

void Http2Exchange::OnRequestEnd(int32_t stream_id) {
  Stream* const stream = Find(stream_id);
  if (stream == nullptr) return;
  ++requests_;
  stream->trailers = stream->path == "/grpc";
  stream->content = stream->path == "/echo" ? stream->fields
                    : stream->trailers      ? answers_.ContentFor("/100")
                                            : answers_.ContentFor(stream->path);
  const std::string length = std::to_string(stream->content.size());
  const std::array<nghttp2_nv, 4> fields = {
      Field(":status", "200"), Field("server", "bench"),
      Field("content-type", stream->trailers ? "application/grpc" : "application/octet-stream"),
      Field("content-length", length)};
  nghttp2_data_provider provider = {};
  provider.source.ptr = stream;
  provider.read_callback = [](nghttp2_session*, int32_t id, uint8_t* buffer, size_t size,
                              uint32_t* flags, nghttp2_data_source* source, void* self) {
    return Self(self).ReadContent(id, *static_cast<Stream*>(source->ptr), buffer, size, flags);
  };
  // gRPC's messages carry their lengths themselves.
  nghttp2_submit_response(session_, stream_id, fields.data(),
                          stream->trailers ? fields.size() - 1 : fields.size(), &provider);
}

ssize_t Http2Exchange::ReadContent(int32_t stream_id, Stream& stream, uint8_t* buffer, size_t size,
                                   uint32_t* flags) {
  const size_t piece = std::min(size, stream.content.size());
  std::memcpy(buffer, stream.content.data(), piece);
  stream.content.remove_prefix(piece);
  if (!stream.content.empty()) return static_cast<ssize_t>(piece);
  *flags |= NGHTTP2_DATA_FLAG_EOF;
  if (stream.trailers) {
    *flags |= NGHTTP2_DATA_FLAG_NO_END_STREAM;
    const std::array<nghttp2_nv, 1> trailers = {Field("grpc-status", "0")};
    nghttp2_submit_trailer(session_, stream_id, trailers.data(), trailers.size());
  }
  return static_cast<ssize_t>(piece);
}

}  // namespace mantlet::bench
