// ReadableWatch calls a function whenever a descriptor is readable or its peer has closed it. The
// function reads until nothing is left; bytes that it leaves cause another call.
//
// One loop's thread only. The function may destroy the watch.

#ifndef MANTLET_PROXY_IO_READABLE_WATCH_H_
#define MANTLET_PROXY_IO_READABLE_WATCH_H_

#include <functional>
#include <memory>

#include "absl/status/statusor.h"
#include "proxy/io/loop.h"

namespace mantlet::io {

class ReadableWatch {
 public:
  // `fd` is a non-blocking socket that outlives the watch. Fails if the kernel cannot watch it.
  static absl::StatusOr<std::unique_ptr<ReadableWatch>> Start(Loop& loop, int fd,
                                                              std::function<void()> on_readable);
  ~ReadableWatch();
  ReadableWatch(const ReadableWatch&) = delete;

 private:
  struct Handle;  // lives until its close callback

  explicit ReadableWatch(Handle* handle) : handle_(handle) {}

  Handle* const handle_;
};

}  // namespace mantlet::io

#endif  // MANTLET_PROXY_IO_READABLE_WATCH_H_
