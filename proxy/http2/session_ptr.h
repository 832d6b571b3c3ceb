// SessionPtr owns an nghttp2 session, and Callbacks connects one to the methods of a class, so
// that neither codec needs a table of C functions of its own. Internal to proxy/http2.

#ifndef MANTLET_PROXY_HTTP2_SESSION_PTR_H_
#define MANTLET_PROXY_HTTP2_SESSION_PTR_H_

#include <nghttp2/nghttp2.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>

#include "proxy/base/exhaustion.h"

namespace mantlet::http2 {

struct SessionDeleter {
  void operator()(nghttp2_session* session) const { nghttp2_session_del(session); }
};
using SessionPtr = std::unique_ptr<nghttp2_session, SessionDeleter>;

struct OptionDeleter {
  void operator()(nghttp2_option* option) const { nghttp2_option_del(option); }
};
using OptionPtr = std::unique_ptr<nghttp2_option, OptionDeleter>;

// NewOptions returns what both sides want of nghttp2: windows are opened by us, a closed stream
// leaves nothing behind, and a field with a byte that HTTP does not allow is an error.
OptionPtr NewOptions();

// Callbacks<Codec>::Table() returns nghttp2's callbacks that call these methods of the Codec that
// is the session's user data; each returns 0 or an NGHTTP2_ERR_* value:
//
//   int OnBeginFrame(const nghttp2_frame_hd& header);
//   int OnBeginHeaders(const nghttp2_frame& frame);
//   int OnHeader(const nghttp2_frame& frame, std::string_view name, std::string_view value);
//   int OnInvalidHeader(const nghttp2_frame& frame, std::string_view name);
//   int OnFrame(const nghttp2_frame& frame);             // received whole
//   int OnInvalidFrame(const nghttp2_frame& frame, int error);
//   int OnData(int32_t stream_id, std::string_view bytes);
//   int OnStreamClose(int32_t stream_id, uint32_t error_code);
//   int OnFrameSent(const nghttp2_frame& frame);
//   int SendData(const nghttp2_frame& frame, std::string_view header, size_t length,
//                nghttp2_data_source& source);
//
// and this one if the Codec has it:
//
//   int OnBeforeFrameSent(const nghttp2_frame& frame);   // it is about to be written
//
// The table lives as long as the process; any thread.
template <typename Codec>
class Callbacks {
 public:
  static const nghttp2_session_callbacks* Table() {
    static const Callbacks callbacks;
    return callbacks.table_;
  }

 private:
  static std::string_view View(const uint8_t* bytes, size_t size) {
    return {reinterpret_cast<const char*>(bytes), size};
  }

  Callbacks() {
    if (nghttp2_session_callbacks_new(&table_) != 0) base::EndOutOfMemory();
    nghttp2_session_callbacks_set_on_begin_frame_callback(
        table_, [](nghttp2_session*, const nghttp2_frame_hd* header, void* codec) {
          return static_cast<Codec*>(codec)->OnBeginFrame(*header);
        });
    nghttp2_session_callbacks_set_on_begin_headers_callback(
        table_, [](nghttp2_session*, const nghttp2_frame* frame, void* codec) {
          return static_cast<Codec*>(codec)->OnBeginHeaders(*frame);
        });
    nghttp2_session_callbacks_set_on_header_callback(
        table_,
        [](nghttp2_session*, const nghttp2_frame* frame, const uint8_t* name, size_t name_size,
           const uint8_t* value, size_t value_size, uint8_t, void* codec) {
          return static_cast<Codec*>(codec)->OnHeader(*frame, View(name, name_size),
                                                      View(value, value_size));
        });
    nghttp2_session_callbacks_set_on_invalid_header_callback(
        table_, [](nghttp2_session*, const nghttp2_frame* frame, const uint8_t* name,
                   size_t name_size, const uint8_t*, size_t, uint8_t, void* codec) {
          return static_cast<Codec*>(codec)->OnInvalidHeader(*frame, View(name, name_size));
        });
    nghttp2_session_callbacks_set_on_frame_recv_callback(
        table_, [](nghttp2_session*, const nghttp2_frame* frame, void* codec) {
          return static_cast<Codec*>(codec)->OnFrame(*frame);
        });
    nghttp2_session_callbacks_set_on_invalid_frame_recv_callback(
        table_, [](nghttp2_session*, const nghttp2_frame* frame, int error, void* codec) {
          return static_cast<Codec*>(codec)->OnInvalidFrame(*frame, error);
        });
    nghttp2_session_callbacks_set_on_data_chunk_recv_callback(
        table_, [](nghttp2_session*, uint8_t, int32_t stream_id, const uint8_t* bytes, size_t size,
                   void* codec) {
          return static_cast<Codec*>(codec)->OnData(stream_id, View(bytes, size));
        });
    nghttp2_session_callbacks_set_on_stream_close_callback(
        table_, [](nghttp2_session*, int32_t stream_id, uint32_t error_code, void* codec) {
          return static_cast<Codec*>(codec)->OnStreamClose(stream_id, error_code);
        });
    nghttp2_session_callbacks_set_on_frame_send_callback(
        table_, [](nghttp2_session*, const nghttp2_frame* frame, void* codec) {
          return static_cast<Codec*>(codec)->OnFrameSent(*frame);
        });
    if constexpr (requires(Codec& codec, const nghttp2_frame& sent) {
                    codec.OnBeforeFrameSent(sent);
                  }) {
      nghttp2_session_callbacks_set_before_frame_send_callback(
          table_, [](nghttp2_session*, const nghttp2_frame* frame, void* codec) {
            return static_cast<Codec*>(codec)->OnBeforeFrameSent(*frame);
          });
    }
    nghttp2_session_callbacks_set_send_data_callback(
        table_, [](nghttp2_session*, nghttp2_frame* frame, const uint8_t* header, size_t length,
                   nghttp2_data_source* source, void* codec) {
          return static_cast<Codec*>(codec)->SendData(*frame, View(header, kFrameHeaderBytes),
                                                      length, *source);
        });
  }
  ~Callbacks() { nghttp2_session_callbacks_del(table_); }

  static constexpr size_t kFrameHeaderBytes = 9;  // RFC 9113 section 4.1

  nghttp2_session_callbacks* table_ = nullptr;
};

}  // namespace mantlet::http2

#endif  // MANTLET_PROXY_HTTP2_SESSION_PTR_H_
