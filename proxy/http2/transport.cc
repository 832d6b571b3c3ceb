#include "proxy/http2/transport.h"

namespace mantlet::http2 {

int Transport::Receive(std::string_view bytes) {
  const ssize_t result = nghttp2_session_mem_recv(
      session(), reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size());
  return result < 0 ? static_cast<int>(result) : 0;
}

int Transport::Send() {
  turn_end_.Cancel();
  for (;;) {
    while (!full()) {
      const uint8_t* frame = nullptr;
      const ssize_t size = nghttp2_session_mem_send(session(), &frame);
      if (size < 0) return static_cast<int>(size);
      if (size == 0) {
        const bool paused = full();
        stream_.Flush();
        if (paused && !full()) continue;  // the kernel has taken it: what was paused goes on
        return 0;
      }
      Write({reinterpret_cast<const char*>(frame), static_cast<size_t>(size)});
    }
    stream_.Flush();
    if (full()) return 0;  // OnDrained() comes
  }
}

// There is no loop without end: content is not asked for while the stream is full, and nothing adds
// other frames.
void Transport::SendLast() {
  turn_end_.Cancel();
  const uint8_t* frame = nullptr;
  for (;;) {
    const ssize_t size = nghttp2_session_mem_send(session(), &frame);
    if (size <= 0) break;
    Write({reinterpret_cast<const char*>(frame), static_cast<size_t>(size)});
  }
  stream_.Flush();
}

}  // namespace mantlet::http2
