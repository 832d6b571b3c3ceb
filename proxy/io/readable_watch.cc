#include "proxy/io/readable_watch.h"

#include <utility>

namespace mantlet::io {

struct ReadableWatch::Handle {
  uv_poll_t poll;
  std::function<void()> on_readable;
};

absl::StatusOr<std::unique_ptr<ReadableWatch>> ReadableWatch::Start(
    Loop& loop, int fd, std::function<void()> on_readable) {
  auto handle = std::make_unique<Handle>();
  handle->on_readable = std::move(on_readable);
  handle->poll.data = handle.get();
  int status = uv_poll_init(loop.uv(), &handle->poll, fd);
  if (status != 0) return absl::UnavailableError(uv_strerror(status));
  // From here on, the destructor closes the handle.
  std::unique_ptr<ReadableWatch> watch(new ReadableWatch(handle.release()));
  status = loop.Watch(fd);
  if (status == 0) {
    // Errors and the end of the connection are reported as readable, too.
    status = uv_poll_start(&watch->handle_->poll, UV_READABLE, [](uv_poll_t* poll, int, int) {
      static_cast<Handle*>(poll->data)->on_readable();
    });
  }
  if (status != 0) return absl::UnavailableError(uv_strerror(status));
  return watch;
}

ReadableWatch::~ReadableWatch() {
  uv_poll_stop(&handle_->poll);
  uv_close(reinterpret_cast<uv_handle_t*>(&handle_->poll),
           [](uv_handle_t* handle) { delete static_cast<Handle*>(handle->data); });
}

}  // namespace mantlet::io
