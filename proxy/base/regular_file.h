// RegularFile reads a file that other processes write: configuration, certificates, keys,
// passphrases, revocation lists. All such files are opened through this class. It opens only
// regular files and never blocks: a FIFO or a device at the path is an error.
//
// The kernel's files in /proc and /sys are read through base/kernel_file: they cannot be replaced.

#ifndef MANTLET_PROXY_BASE_REGULAR_FILE_H_
#define MANTLET_PROXY_BASE_REGULAR_FILE_H_

#include <sys/types.h>

#include <cstddef>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace mantlet::base {

class RegularFile {
 public:
  // Opens the file at `path`. Errors name the path and the reason: NotFound, PermissionDenied,
  // FailedPrecondition (not a regular file), Unavailable (anything else).
  static absl::StatusOr<RegularFile> Open(const std::string& path);

  RegularFile(RegularFile&& other) noexcept
      : path_(std::move(other.path_)),
        fd_(std::exchange(other.fd_, -1)),
        size_(other.size_),
        mode_(other.mode_) {}
  RegularFile& operator=(RegularFile&&) = delete;
  ~RegularFile();

  // Reads up to `size` bytes; returns 0 at the end of the file.
  absl::StatusOr<size_t> Read(char* buffer, size_t size);

  size_t size() const { return size_; }  // at the time it was opened
  mode_t mode() const { return mode_; }  // permission bits, 07777

 private:
  RegularFile(std::string path, int fd) : path_(std::move(path)), fd_(fd) {}

  std::string path_;
  int fd_;
  size_t size_ = 0;
  mode_t mode_ = 0;
};

}  // namespace mantlet::base

#endif  // MANTLET_PROXY_BASE_REGULAR_FILE_H_
