// FileReader reads whole files. It is an interface, so that all checks can be tested and fuzzed
// without a disk.

#ifndef MANTLET_CERTS_FILE_READER_H_
#define MANTLET_CERTS_FILE_READER_H_

#include <cstdint>
#include <memory>
#include <mutex>
#include <string>

#include "absl/status/statusor.h"
#include "proxy/base/cancellation.h"
#include "proxy/x509/byte_source.h"

namespace mantlet::certs {

struct FileContent {
  std::string bytes;
  std::string resolved;  // the path after resolving every symbolic link
  uint32_t mode = 0;     // permission bits (07777); 0 = unknown
  bool operator==(const FileContent&) const = default;
};

// FileStream reads a file piece by piece.
class FileStream : public x509::ByteSource {
 public:
  std::string resolved;  // like FileContent::resolved
};

class FileReader {
 public:
  virtual ~FileReader() = default;
  // Errors contain the path and the system's reason. Reads only regular files of at most
  // kMaxFileBytes.
  virtual absl::StatusOr<FileContent> Read(const std::string& path) = 0;

  // Opens a file that may be too large for memory, of at most kMaxStreamedBytes. The errors of the
  // stream have the same form.
  virtual absl::StatusOr<std::unique_ptr<FileStream>> Open(const std::string& path);

  // Returns the path that is being read, for a message about a file system that does not respond;
  // empty if there is none, or if that is not known. Any thread may call it.
  virtual std::string path_in_progress() const { return ""; }

  static constexpr size_t kMaxFileBytes = 16 * 1024 * 1024;
  static constexpr size_t kMaxStreamedBytes = 256 * 1024 * 1024;
};

// DiskFileReader reads from the file system. Blocking: not for the thread of an event loop that
// serves. Any number of threads may use it; path_in_progress() is for one that reads.
class DiskFileReader : public FileReader {
 public:
  DiskFileReader() = default;
  // Reading fails with Cancelled once `cancellation` is set, which must outlive the reader and its
  // streams.
  explicit DiskFileReader(const base::Cancellation& cancellation) : cancellation_(&cancellation) {}

  absl::StatusOr<FileContent> Read(const std::string& path) override;
  absl::StatusOr<std::unique_ptr<FileStream>> Open(const std::string& path) override;
  std::string path_in_progress() const override { return progress_->path(); }

  // Progress is the path that is being read. Any thread may use it.
  class Progress {
   public:
    void Set(const std::string& path) {
      const std::lock_guard lock(mutex_);
      path_ = path;
    }
    std::string path() const {
      const std::lock_guard lock(mutex_);
      return path_;
    }

   private:
    mutable std::mutex mutex_;
    std::string path_;
  };

 private:
  const base::Cancellation* cancellation_ = nullptr;
  const std::shared_ptr<Progress> progress_ = std::make_shared<Progress>();  // shared with streams
};

}  // namespace mantlet::certs

#endif  // MANTLET_CERTS_FILE_READER_H_
