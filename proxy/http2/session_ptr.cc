#include "proxy/http2/session_ptr.h"

namespace mantlet::http2 {

OptionPtr NewOptions() {
  nghttp2_option* option = nullptr;
  nghttp2_option_new(&option);
  nghttp2_option_set_no_auto_window_update(option, 1);
  nghttp2_option_set_no_closed_streams(option, 1);
  return OptionPtr(option);
}

}  // namespace mantlet::http2
