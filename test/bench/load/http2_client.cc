#include "test/bench/load/http2_client.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstring>

#include "absl/strings/str_cat.h"

namespace mantlet::bench {
namespace {

// As large as h2load's.
constexpr int32_t kWindowBytes = (1 << 30) - 1;

std::string_view View(const uint8_t* bytes, size_t size) {
  return {reinterpret_cast<const char*>(bytes), size};
}

nghttp2_nv Field(const std::string& name, const std::string& value) {
  return {reinterpret_cast<uint8_t*>(const_cast<char*>(name.data())),
          reinterpret_cast<uint8_t*>(const_cast<char*>(value.data())), name.size(), value.size(),
          NGHTTP2_NV_FLAG_NO_COPY_NAME | NGHTTP2_NV_FLAG_NO_COPY_VALUE};
}

}  // namespace

Http2Client::Request::Request(const Options& options) : upload(options.upload), grpc(options.grpc) {
  fields = {{":method", upload > 0 ? "POST" : "GET"},
            {":scheme", "https"},
            {":authority", options.sni},
            {":path", options.path}};
  for (auto& [name, value] : AdditionalHeaders(options)) fields.emplace_back(name, value);
  if (grpc) {
    fields.emplace_back("te", "trailers");
    fields.emplace_back("content-type", "application/grpc");
  } else if (upload > 0) {
    fields.emplace_back("content-length", absl::StrCat(upload));
  }
}

Http2Client::Http2Client(const Request& request) : request_(request) {
  for (const auto& [name, value] : request.fields) fields_.push_back(Field(name, value));
  nghttp2_session_callbacks* callbacks = nullptr;
  nghttp2_session_callbacks_new(&callbacks);
  nghttp2_session_callbacks_set_on_header_callback(
      callbacks,
      [](nghttp2_session*, const nghttp2_frame* frame, const uint8_t* name, size_t name_size,
         const uint8_t* value, size_t value_size, uint8_t, void* self) {
        static_cast<Http2Client*>(self)->OnHeader(frame->hd.stream_id, View(name, name_size),
                                                  View(value, value_size));
        return 0;
      });
  nghttp2_session_callbacks_set_on_stream_close_callback(
      callbacks, [](nghttp2_session*, int32_t stream_id, uint32_t error_code, void* self) {
        static_cast<Http2Client*>(self)->OnStreamClose(stream_id, error_code);
        return 0;
      });
  nghttp2_session_client_new(&session_, callbacks, this);
  nghttp2_session_callbacks_del(callbacks);
  const std::array<nghttp2_settings_entry, 2> settings = {{
      {NGHTTP2_SETTINGS_ENABLE_PUSH, 0},
      {NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, kWindowBytes},
  }};
  nghttp2_submit_settings(session_, NGHTTP2_FLAG_NONE, settings.data(), settings.size());
  nghttp2_session_set_local_window_size(session_, NGHTTP2_FLAG_NONE, 0, kWindowBytes);
}

Http2Client::~Http2Client() { nghttp2_session_del(session_); }

void Http2Client::Submit(int64_t began_ns) {
  if (free_.empty()) {
    streams_.push_back(std::make_unique<Stream>());
    free_.push_back(streams_.back().get());
  }
  Stream* const stream = free_.back();
  free_.pop_back();
  *stream = {{began_ns, 0}, request_.upload, false};
  nghttp2_data_provider provider = {};
  provider.source.ptr = stream;
  provider.read_callback = [](nghttp2_session*, int32_t, uint8_t* buffer, size_t size,
                              uint32_t* flags, nghttp2_data_source* source, void*) {
    auto& left = static_cast<Stream*>(source->ptr)->upload_left;
    const size_t piece = std::min<uint64_t>(left, size);
    std::memset(buffer, 'u', piece);
    left -= piece;
    if (left == 0) *flags |= NGHTTP2_DATA_FLAG_EOF;
    return static_cast<ssize_t>(piece);
  };
  nghttp2_submit_request(session_, nullptr, fields_.data(), fields_.size(),
                         request_.upload > 0 ? &provider : nullptr, stream);
}

bool Http2Client::Receive(std::string_view bytes) {
  return nghttp2_session_mem_recv(session_, reinterpret_cast<const uint8_t*>(bytes.data()),
                                  bytes.size()) >= 0;
}

void Http2Client::Write(std::string& output, size_t most) {
  while (output.size() < most) {
    const uint8_t* frame = nullptr;
    const ssize_t size = nghttp2_session_mem_send(session_, &frame);
    if (size <= 0) return;
    output.append(View(frame, static_cast<size_t>(size)));
  }
}

std::optional<Http2Client::Response> Http2Client::TakeResponse() {
  if (responses_.empty()) return std::nullopt;
  const Response response = responses_.front();
  responses_.pop_front();
  return response;
}

Http2Client::Stream* Http2Client::Find(int32_t stream_id) const {
  return static_cast<Stream*>(nghttp2_session_get_stream_user_data(session_, stream_id));
}

void Http2Client::OnHeader(int32_t stream_id, std::string_view name, std::string_view value) {
  Stream* const stream = Find(stream_id);
  if (stream == nullptr) return;
  if (name == ":status") {
    std::from_chars(value.data(), value.data() + value.size(), stream->response.status);
  } else if (request_.grpc && name == "grpc-status") {
    stream->grpc_ok = value == "0";
  }
}

void Http2Client::OnStreamClose(int32_t stream_id, uint32_t error_code) {
  Stream* const stream = Find(stream_id);
  if (stream == nullptr) return;
  const bool failed = error_code != NGHTTP2_NO_ERROR || (request_.grpc && !stream->grpc_ok);
  if (failed) stream->response.status = 0;
  responses_.push_back(stream->response);
  free_.push_back(stream);
}

}  // namespace mantlet::bench
