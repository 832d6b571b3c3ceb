// FileDescriptor owns a file descriptor and closes it.

#ifndef MANTLET_PROXY_IO_FILE_DESCRIPTOR_H_
#define MANTLET_PROXY_IO_FILE_DESCRIPTOR_H_

#include <unistd.h>

#include <utility>

namespace mantlet::io {

class FileDescriptor {
 public:
  FileDescriptor() = default;
  explicit FileDescriptor(int fd) : fd_(fd) {}
  FileDescriptor(FileDescriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  FileDescriptor& operator=(FileDescriptor&& other) noexcept {
    if (this != &other) {
      Reset();
      fd_ = std::exchange(other.fd_, -1);
    }
    return *this;
  }
  ~FileDescriptor() { Reset(); }

  int get() const { return fd_; }
  explicit operator bool() const { return fd_ >= 0; }
  int Release() { return std::exchange(fd_, -1); }
  void Reset() {
    if (fd_ >= 0) close(fd_);
    fd_ = -1;
  }

 private:
  int fd_ = -1;
};

}  // namespace mantlet::io

#endif  // MANTLET_PROXY_IO_FILE_DESCRIPTOR_H_
