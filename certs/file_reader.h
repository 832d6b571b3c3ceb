// FileReader reads whole files. It is an interface so that everything that checks material can be
// tested, and fuzzed, without a disk.

#ifndef MANTLET_CERTS_FILE_READER_H_
#define MANTLET_CERTS_FILE_READER_H_

#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "proxy/x509/byte_source.h"

namespace mantlet::certs {

struct FileContent {
  std::string bytes;
  std::string resolved;  // the path behind every symbolic link
  uint32_t mode = 0;     // permission bits (07777); 0 = unknown
  bool operator==(const FileContent&) const = default;
};

// A file that is read piece by piece.
class FileStream : public x509::ByteSource {
 public:
  std::string resolved;  // as in FileContent
};

class FileReader {
 public:
  virtual ~FileReader() = default;
  // Errors name the path and the system's reason. Regular files only, of at most kMaxFileBytes.
  virtual absl::StatusOr<FileContent> Read(const std::string& path) = 0;

  // The same for files that are too large to be held, of at most kMaxStreamedBytes;
  // the stream's errors are like these.
  virtual absl::StatusOr<std::unique_ptr<FileStream>> Open(const std::string& path);

  static constexpr size_t kMaxFileBytes = 16 * 1024 * 1024;
  static constexpr size_t kMaxStreamedBytes = 256 * 1024 * 1024;
};

// The file system. Blocking; used from the main thread only, never from a worker.
class DiskFileReader : public FileReader {
 public:
  absl::StatusOr<FileContent> Read(const std::string& path) override;
  absl::StatusOr<std::unique_ptr<FileStream>> Open(const std::string& path) override;
};

}  // namespace mantlet::certs

#endif  // MANTLET_CERTS_FILE_READER_H_
