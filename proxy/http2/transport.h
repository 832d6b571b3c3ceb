// Transport drives an nghttp2 session over a byte stream. Frames that one turn of the loop has
// given rise to leave together at its end, so that TLS records are filled and many streams share
// one system call; no more is written than the peer takes, so that a stream that has to wait waits
// in its own queue and delays no other.
//
// One loop's thread only. The byte stream belongs to the caller and outlives the transport.

#ifndef MANTLET_PROXY_HTTP2_TRANSPORT_H_
#define MANTLET_PROXY_HTTP2_TRANSPORT_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string_view>
#include <utility>

#include "proxy/http2/session_ptr.h"
#include "proxy/io/byte_stream.h"
#include "proxy/io/deferred_call.h"
#include "proxy/io/loop.h"

namespace mantlet::http2 {

class Transport {
 public:
  // Beyond this much that the stream holds, frames wait.
  static constexpr size_t kOutputBytes = 64 * 1024;

  // `on_turn_end` is called at the end of a turn in which ScheduleSend() was called; it calls
  // Send().
  Transport(io::Loop& loop, io::ByteStream& stream, std::function<void()> on_turn_end)
      : stream_(stream), turn_end_(loop, std::move(on_turn_end)) {}

  void SetSession(SessionPtr session) { session_ = std::move(session); }
  nghttp2_session* session() const { return session_.get(); }
  io::ByteStream& stream() const { return stream_; }
  bool full() const { return stream_.buffered() >= kOutputBytes; }

  // Writes bytes of frames to the stream.
  void Write(std::string_view bytes) {
    written_ += static_cast<int64_t>(bytes.size());
    stream_.Write(bytes);
  }
  // Returns how many of these the peer has received; what a TLS record adds is left aside.
  int64_t taken() const { return written_ - static_cast<int64_t>(stream_.untaken()); }
  // Returns the number of frames that wait.
  size_t queued_frames() const { return nghttp2_session_get_outbound_queue_size(session()); }

  // Feeds what the peer has sent. Returns 0 or a fatal NGHTTP2_ERR_* value.
  int Receive(std::string_view bytes);
  void ScheduleSend() { turn_end_.Schedule(); }
  // Writes frames until there are no more, or until the peer takes none. Returns 0 or a fatal
  // NGHTTP2_ERR_* value.
  int Send();
  // Writes the frames that wait, even if the peer takes none: what must be told before the end.
  // Content stays behind if the stream is full. Errors are of no interest any more.
  void SendLast();
  // Whether the session has nothing more to read or to write.
  bool finished() const {
    return nghttp2_session_want_read(session()) == 0 && nghttp2_session_want_write(session()) == 0;
  }

 private:
  SessionPtr session_;
  io::ByteStream& stream_;
  io::DeferredCall turn_end_;
  int64_t written_ = 0;
};

}  // namespace mantlet::http2

#endif  // MANTLET_PROXY_HTTP2_TRANSPORT_H_
