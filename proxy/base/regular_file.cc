#include "proxy/base/regular_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "absl/strings/str_cat.h"

namespace mantlet::base {
namespace {

absl::Status Failed(const std::string& path, int error) {
  std::string text = absl::StrCat(path, ": ", strerror(error));
  // The permissions allow it: a sandbox, such as Landlock, does not.
  if (error == EACCES && faccessat(AT_FDCWD, path.c_str(), R_OK, AT_EACCESS) == 0) {
    absl::StrAppend(&text,
                    " (restart needed: the sandbox of this process does not include the file)");
  }
  if (error == ENOENT || error == ENOTDIR) return absl::NotFoundError(text);
  if (error == EACCES || error == EPERM) return absl::PermissionDeniedError(text);
  if (error == EISDIR) return absl::FailedPreconditionError(text);
  return absl::UnavailableError(text);
}

const char* KindOf(mode_t mode) {
  if (S_ISFIFO(mode)) return "a FIFO (named pipe)";
  if (S_ISSOCK(mode)) return "a socket";
  return "a device";
}

}  // namespace

absl::StatusOr<RegularFile> RegularFile::Open(const std::string& path) {
  // Handles sockets: open(2) fails for them with ENXIO, which would not explain the problem.
  const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
  if (fd < 0) {
    struct stat status = {};
    if (errno != ENXIO || stat(path.c_str(), &status) != 0) return Failed(path, errno);
    return absl::FailedPreconditionError(
        absl::StrCat(path, ": not a regular file but ", KindOf(status.st_mode)));
  }
  RegularFile file(path, fd);
  struct stat status = {};
  if (fstat(fd, &status) != 0) return Failed(path, errno);
  if (S_ISDIR(status.st_mode)) return Failed(path, EISDIR);
  if (!S_ISREG(status.st_mode)) {
    return absl::FailedPreconditionError(
        absl::StrCat(path, ": not a regular file but ", KindOf(status.st_mode)));
  }
  file.size_ = static_cast<size_t>(status.st_size);
  file.mode_ = status.st_mode & 07777;
  return file;
}

RegularFile::~RegularFile() {
  if (fd_ >= 0) close(fd_);
}

absl::StatusOr<size_t> RegularFile::Read(char* buffer, size_t size) {
  ssize_t got = -1;
  do {
    got = read(fd_, buffer, size);
  } while (got < 0 && errno == EINTR);
  if (got < 0) return Failed(path_, errno);
  return static_cast<size_t>(got);
}

}  // namespace mantlet::base
