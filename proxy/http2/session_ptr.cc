#include "proxy/http2/session_ptr.h"

namespace mantlet::http2 {
namespace {

// nghttp2's own limit for header sections that are sent is 64 KiB, by a generous estimate of their
// size. Without a frame to the peer, it closes a stream that exceeds it. Sections that are
// forwarded were limited when they were received, and mantlet's own fields are added to them.
constexpr size_t kHeadBytes = 16 * 1024 * 1024;

}  // namespace

OptionPtr NewOptions() {
  nghttp2_option* option = nullptr;
  if (nghttp2_option_new(&option) != 0) base::EndOutOfMemory();
  nghttp2_option_set_no_auto_window_update(option, 1);
  nghttp2_option_set_no_closed_streams(option, 1);
  nghttp2_option_set_max_send_header_block_length(option, kHeadBytes);
  return OptionPtr(option);
}

}  // namespace mantlet::http2
