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

}  // namespace mantlet::http2
