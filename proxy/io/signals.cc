#include "proxy/io/signals.h"

#include <utility>

#include "proxy/base/exhaustion.h"

namespace mantlet::io {

struct Signals::Watch {
  uv_signal_t handle;
  Signals* owner;
};

Signals::Signals(Loop& loop, const std::vector<int>& numbers, std::function<void(int)> on_signal)
    : on_signal_(std::move(on_signal)) {
  for (int number : numbers) {
    auto* watch = new Watch{{}, this};
    watch->handle.data = watch;
    int status = uv_signal_init(loop.uv(), &watch->handle);
    if (status == 0) status = loop.Watch(loop.uv()->signal_pipefd[0]);
    if (status == 0) {
      status = uv_signal_start(
          &watch->handle,
          [](uv_signal_t* h, int signal) {
            static_cast<Watch*>(h->data)->owner->on_signal_(signal);
          },
          number);
    }
    if (status != 0) {
      base::EndExhausted("cannot watch for signals",
                         "raise the limits of open files (LimitNOFILE=, ulimit -n) and of epoll "
                         "(fs.epoll.max_user_watches)");
    }
    watches_.push_back(watch);
  }
}

Signals::~Signals() {
  for (Watch* watch : watches_) {
    uv_signal_stop(&watch->handle);
    uv_close(reinterpret_cast<uv_handle_t*>(&watch->handle),
             [](uv_handle_t* h) { delete static_cast<Watch*>(h->data); });
  }
}

}  // namespace mantlet::io
