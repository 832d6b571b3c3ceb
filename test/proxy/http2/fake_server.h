// The server's side of HTTP/2 on the other end of a connection, played by nghttp2: keeps what it
// receives as one line of text for each frame and sends what the test wants.

#ifndef MANTLET_TEST_PROXY_HTTP2_FAKE_SERVER_H_
#define MANTLET_TEST_PROXY_HTTP2_FAKE_SERVER_H_

#include <nghttp2/nghttp2.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <initializer_list>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace mantlet::http2 {

class FakeServer {
 public:
  using Fields = std::vector<std::pair<std::string, std::string>>;

  // `send` gets the bytes for the client. nghttp2 lets the test break the rules for messages.
  explicit FakeServer(std::function<void(std::string_view)> send,
                      std::initializer_list<nghttp2_settings_entry> settings = {})
      : send_(std::move(send)) {
    nghttp2_session_callbacks* callbacks = nullptr;
    nghttp2_session_callbacks_new(&callbacks);
    nghttp2_session_callbacks_set_on_header_callback(
        callbacks,
        [](nghttp2_session*, const nghttp2_frame* frame, const uint8_t* name, size_t name_size,
           const uint8_t* value, size_t value_size, uint8_t, void* self) {
          static_cast<FakeServer*>(self)->fields_[frame->hd.stream_id] +=
              " " + std::string(reinterpret_cast<const char*>(name), name_size) + "=" +
              std::string(reinterpret_cast<const char*>(value), value_size);
          return 0;
        });
    nghttp2_session_callbacks_set_on_frame_recv_callback(
        callbacks, [](nghttp2_session*, const nghttp2_frame* frame, void* self) {
          static_cast<FakeServer*>(self)->OnFrame(*frame);
          return 0;
        });
    nghttp2_session_callbacks_set_on_data_chunk_recv_callback(
        callbacks,
        [](nghttp2_session*, uint8_t, int32_t id, const uint8_t* bytes, size_t size, void* self) {
          static_cast<FakeServer*>(self)->content[id].append(reinterpret_cast<const char*>(bytes),
                                                             size);
          return 0;
        });
    nghttp2_option* option = nullptr;
    nghttp2_option_new(&option);
    nghttp2_option_set_no_http_messaging(option, 1);
    nghttp2_session_server_new2(&session_, callbacks, this, option);
    nghttp2_option_del(option);
    nghttp2_session_callbacks_del(callbacks);
    Settings(settings);
  }
  ~FakeServer() { nghttp2_session_del(session_); }
  FakeServer(const FakeServer&) = delete;

  // What the client has sent.
  void Receive(std::string_view bytes) {
    nghttp2_session_mem_recv(session_, reinterpret_cast<const uint8_t*>(bytes.data()),
                             bytes.size());
    Send();
  }

  void Settings(std::initializer_list<nghttp2_settings_entry> settings) {
    nghttp2_submit_settings(session_, NGHTTP2_FLAG_NONE, settings.begin(), settings.size());
    Send();
  }
  void Head(int32_t id, const Fields& fields, bool last = false) {
    std::vector<nghttp2_nv> block = BlockOf(fields);
    nghttp2_submit_headers(session_, last ? NGHTTP2_FLAG_END_STREAM : NGHTTP2_FLAG_NONE, id,
                           nullptr, block.data(), block.size(), nullptr);
    Send();
  }
  // The trailers, and with them the end, follow what was written.
  void Data(int32_t id, std::string_view bytes, bool last = false, const Fields& trailers = {}) {
    outgoing_[id].bytes.append(bytes);
    outgoing_[id].trailers = trailers;
    nghttp2_data_provider provider;
    provider.source.ptr = this;
    provider.read_callback = [](nghttp2_session* session, int32_t stream_id, uint8_t* out,
                                size_t size, uint32_t* flags, nghttp2_data_source* source,
                                void*) -> ssize_t {
      auto& [content_left, after] = static_cast<FakeServer*>(source->ptr)->outgoing_[stream_id];
      const size_t taken = std::min(size, content_left.size());
      std::copy_n(content_left.begin(), taken, out);
      content_left.erase(0, taken);
      if (!content_left.empty()) return static_cast<ssize_t>(taken);
      *flags |= NGHTTP2_DATA_FLAG_EOF;
      if (!after.empty()) {
        *flags |= NGHTTP2_DATA_FLAG_NO_END_STREAM;
        std::vector<nghttp2_nv> block = BlockOf(after);
        nghttp2_submit_trailer(session, stream_id, block.data(), block.size());
      }
      return static_cast<ssize_t>(taken);
    };
    const bool ends = last || !trailers.empty();
    nghttp2_submit_data(session_, ends ? NGHTTP2_FLAG_END_STREAM : NGHTTP2_FLAG_NONE, id,
                        &provider);
    Send();
  }
  void Answer(int32_t id, std::string_view content = "ok") {
    Head(id, {{":status", "200"}, {"content-length", std::to_string(content.size())}});
    Data(id, content, true);
  }
  void Reset(int32_t id, uint32_t code) {
    nghttp2_submit_rst_stream(session_, NGHTTP2_FLAG_NONE, id, code);
    Send();
  }
  void Goaway(int32_t last_id, uint32_t code = NGHTTP2_NO_ERROR) {
    nghttp2_submit_goaway(session_, NGHTTP2_FLAG_NONE, last_id, code, nullptr, 0);
    Send();
  }
  // No PING is acknowledged from now on.
  void StopAnswering() { silent_ = true; }

  // The line of a frame with this beginning; empty if none has come.
  std::string Find(std::string_view beginning) const {
    for (const std::string& line : frames) {
      if (line.starts_with(beginning)) return line;
    }
    return "";
  }
  size_t Count(std::string_view beginning) const {
    return static_cast<size_t>(
        std::count_if(frames.begin(), frames.end(),
                      [&](const std::string& line) { return line.starts_with(beginning); }));
  }

  std::vector<std::string> frames;         // "HEADERS 1 :method=GET … END", in their order
  std::map<int32_t, std::string> content;  // by stream

 private:
  struct Outgoing {
    std::string bytes;
    Fields trailers;
  };

  static std::vector<nghttp2_nv> BlockOf(const Fields& fields) {
    std::vector<nghttp2_nv> block;
    for (const auto& [name, value] : fields) {
      block.push_back({reinterpret_cast<uint8_t*>(const_cast<char*>(name.data())),
                       reinterpret_cast<uint8_t*>(const_cast<char*>(value.data())), name.size(),
                       value.size(), NGHTTP2_NV_FLAG_NONE});
    }
    return block;
  }

  void OnFrame(const nghttp2_frame& frame) {
    static constexpr const char* kNames[] = {"DATA",       "HEADERS",  "PRIORITY",
                                             "RST_STREAM", "SETTINGS", "PUSH",
                                             "PING",       "GOAWAY",   "WINDOW_UPDATE"};
    std::string line = kNames[frame.hd.type];
    line += " " + std::to_string(frame.hd.stream_id);
    if (frame.hd.type == NGHTTP2_HEADERS) line += std::exchange(fields_[frame.hd.stream_id], {});
    if (frame.hd.type == NGHTTP2_RST_STREAM) {
      line += std::string(" ") + nghttp2_http2_strerror(frame.rst_stream.error_code);
    }
    if (frame.hd.type == NGHTTP2_GOAWAY) {
      line += std::string(" ") + nghttp2_http2_strerror(frame.goaway.error_code);
    }
    if (frame.hd.type == NGHTTP2_WINDOW_UPDATE) {
      line += " " + std::to_string(frame.window_update.window_size_increment);
    }
    if (frame.hd.type <= NGHTTP2_HEADERS && (frame.hd.flags & NGHTTP2_FLAG_END_STREAM) != 0) {
      line += " END";
    }
    if (frame.hd.type == NGHTTP2_SETTINGS && (frame.hd.flags & NGHTTP2_FLAG_ACK) != 0) {
      line += " ACK";
    }
    frames.push_back(line);
  }

  void Send() {
    for (;;) {
      const uint8_t* bytes = nullptr;
      const ssize_t size = nghttp2_session_mem_send(session_, &bytes);
      if (size <= 0) return;
      const std::string_view frame(reinterpret_cast<const char*>(bytes), static_cast<size_t>(size));
      if (silent_ && frame.size() >= 9 && frame[3] == NGHTTP2_PING) continue;
      send_(frame);
    }
  }

  std::function<void(std::string_view)> send_;
  nghttp2_session* session_ = nullptr;
  std::map<int32_t, std::string> fields_;
  std::map<int32_t, Outgoing> outgoing_;
  bool silent_ = false;
};

}  // namespace mantlet::http2

#endif  // MANTLET_TEST_PROXY_HTTP2_FAKE_SERVER_H_
