#include "certs/file_reader.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
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

// Straight into `bytes`, which has the expected size from the start: a private
// key leaves no copy in a buffer on the way.
absl::Status ReadToEnd(const std::string& path, int fd, size_t expected, std::string* bytes) {
  size_t filled = 0;
  bytes->resize(std::min(expected, FileReader::kMaxFileBytes) + 1);
  while (true) {
    ssize_t got = read(fd, bytes->data() + filled, bytes->size() - filled);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return Failed(path, errno);
    filled += static_cast<size_t>(got);
    if (got == 0) {
      bytes->resize(filled);
      return absl::OkStatus();
    }
    if (filled > FileReader::kMaxFileBytes) {
      return absl::ResourceExhaustedError(
          absl::StrCat(path, ": larger than ", FileReader::kMaxFileBytes, " bytes"));
    }
    // It grows while it is read; it will not be whole, and is read again.
    if (filled == bytes->size()) bytes->resize(2 * bytes->size());
  }
}

// O_NONBLOCK: a FIFO in the file's place must not hold up the main loop.
int OpenForReading(const std::string& path) {
  return open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
}

absl::Status StatRegular(const std::string& path, const Descriptor& file, struct stat* status) {
  if (file.get() < 0 || fstat(file.get(), status) != 0) return Failed(path, errno);
  if (S_ISREG(status->st_mode)) return absl::OkStatus();
  return absl::FailedPreconditionError(absl::StrCat(path, ": not a regular file"));
}

class DiskStream final : public FileStream {
 public:
  explicit DiskStream(const std::string& path) : path_(path), file_(OpenForReading(path)) {}

  absl::Status Check() {
    struct stat status = {};
    absl::Status check = StatRegular(path_, file_, &status);
    if (check.ok()) resolved = Resolve(path_);
    return check;
  }

  absl::StatusOr<size_t> Read(absl::Span<uint8_t> buffer) override {
    ssize_t got = -1;
    do {
      got = read(file_.get(), buffer.data(), buffer.size());
    } while (got < 0 && errno == EINTR);
    if (got < 0) return Failed(path_, errno);
    total_ += static_cast<size_t>(got);
    if (total_ > FileReader::kMaxStreamedBytes) {
      return absl::ResourceExhaustedError(
          absl::StrCat(path_, ": larger than ", FileReader::kMaxStreamedBytes, " bytes"));
    }
    return static_cast<size_t>(got);
  }

 private:
  std::string path_;
  Descriptor file_;
  size_t total_ = 0;
};

// Of a file that is in memory.
class ContentStream final : public FileStream {
 public:
  explicit ContentStream(FileContent content) : bytes_(std::move(content.bytes)), source_(bytes_) {
    resolved = std::move(content.resolved);
  }
  absl::StatusOr<size_t> Read(absl::Span<uint8_t> buffer) override { return source_.Read(buffer); }

 private:
  std::string bytes_;
  tls::MemorySource source_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<FileStream>> FileReader::Open(const std::string& path) {
  absl::StatusOr<FileContent> content = Read(path);
  if (!content.ok()) return content.status();
  return std::make_unique<ContentStream>(*std::move(content));
}

absl::StatusOr<std::unique_ptr<FileStream>> DiskFileReader::Open(const std::string& path) {
  auto stream = std::make_unique<DiskStream>(path);
  if (absl::Status status = stream->Check(); !status.ok()) return status;
  return stream;
}

absl::StatusOr<FileContent> DiskFileReader::Read(const std::string& path) {
  Descriptor file(OpenForReading(path));
  struct stat status = {};
  if (absl::Status check = StatRegular(path, file, &status); !check.ok()) return check;
  FileContent content;
  content.mode = status.st_mode & 07777;
  absl::Status read =
      ReadToEnd(path, file.get(), static_cast<size_t>(status.st_size), &content.bytes);
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
