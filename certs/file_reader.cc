#include "certs/file_reader.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <climits>
#include <cstdlib>
#include <cstring>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"

namespace mantlet::certs {
namespace {

class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  ~Descriptor() {
    if (fd_ >= 0) close(fd_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  int get() const { return fd_; }

 private:
  int fd_;
};

absl::Status Failed(const std::string& path, int error) {
  std::string text = absl::StrCat(path, ": ", strerror(error));
  if (error == ENOENT || error == ENOTDIR) return absl::NotFoundError(text);
  if (error == EACCES || error == EPERM) return absl::PermissionDeniedError(text);
  return absl::UnavailableError(text);
}

std::string Resolve(const std::string& path) {
  char resolved[PATH_MAX];
  return realpath(path.c_str(), resolved) == nullptr ? "" : resolved;
}

absl::Status ReadToEnd(const std::string& path, int fd, std::string* bytes) {
  char buffer[16384];
  while (true) {
    ssize_t got = read(fd, buffer, sizeof(buffer));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return Failed(path, errno);
    if (got == 0) return absl::OkStatus();
    bytes->append(buffer, static_cast<size_t>(got));
    if (bytes->size() > FileReader::kMaxFileBytes) {
      return absl::ResourceExhaustedError(
          absl::StrCat(path, ": larger than ", FileReader::kMaxFileBytes, " bytes"));
    }
  }
}

}  // namespace

absl::StatusOr<FileContent> DiskFileReader::Read(const std::string& path) {
  // O_NONBLOCK: a FIFO in the file's place must not hold up the main loop.
  Descriptor file(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (file.get() < 0) return Failed(path, errno);
  struct stat status = {};
  if (fstat(file.get(), &status) != 0) return Failed(path, errno);
  if (!S_ISREG(status.st_mode)) {
    return absl::FailedPreconditionError(absl::StrCat(path, ": not a regular file"));
  }
  FileContent content;
  content.mode = status.st_mode & 07777;
  absl::Status read = ReadToEnd(path, file.get(), &content.bytes);
  if (!read.ok()) return read;
  content.resolved = Resolve(path);
  return content;
}

void MemoryFileReader::Put(const std::string& path, std::string bytes, uint32_t mode) {
  files_[path] = FileContent{std::move(bytes), path, mode};
}

void MemoryFileReader::Remove(const std::string& path) { files_.erase(path); }

absl::StatusOr<FileContent> MemoryFileReader::Read(const std::string& path) {
  auto found = files_.find(path);
  if (found == files_.end()) return Failed(path, ENOENT);
  return found->second;
}

}  // namespace mantlet::certs
