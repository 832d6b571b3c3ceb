#include "certs/file_reader.h"

#include <algorithm>
#include <climits>
#include <cstdlib>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "proxy/base/regular_file.h"

namespace mantlet::certs {
namespace {

std::string Resolve(const std::string& path) {
  char resolved[PATH_MAX];
  return realpath(path.c_str(), resolved) == nullptr ? "" : resolved;
}

absl::Status CheckCancelled(const std::string& path, const base::Cancellation* cancellation) {
  if (cancellation == nullptr || !cancellation->cancelled()) return absl::OkStatus();
  return absl::CancelledError(absl::StrCat(path, ": reading was cancelled"));
}

// Reads directly into `bytes`, which has the expected size from the start, so that no copy of a
// private key is left in another buffer.
absl::Status ReadToEnd(const std::string& path, base::RegularFile& file, std::string* bytes) {
  size_t filled = 0;
  bytes->resize(std::min(file.size(), FileReader::kMaxFileBytes) + 1);
  while (true) {
    absl::StatusOr<size_t> got = file.Read(bytes->data() + filled, bytes->size() - filled);
    if (!got.ok()) return got.status();
    filled += *got;
    if (*got == 0) {
      bytes->resize(filled);
      return absl::OkStatus();
    }
    if (filled > FileReader::kMaxFileBytes) {
      return absl::ResourceExhaustedError(
          absl::StrCat(path, ": it is larger than ", FileReader::kMaxFileBytes,
                       " bytes; name a file that contains only certificates or keys"));
    }
    // The file grows while it is read, so it is not complete and will be read again.
    if (filled == bytes->size()) bytes->resize(2 * bytes->size());
  }
}

// Shows the path of a file from its opening to the end of reading it.
class InProgress {
 public:
  InProgress(std::shared_ptr<DiskFileReader::Progress> progress, const std::string& path)
      : progress_(std::move(progress)) {
    progress_->Set(path);
  }
  ~InProgress() { progress_->Set(""); }
  InProgress(const InProgress&) = delete;

 private:
  const std::shared_ptr<DiskFileReader::Progress> progress_;
};

class DiskStream final : public FileStream {
 public:
  DiskStream(std::unique_ptr<InProgress> progress, std::string path, base::RegularFile file,
             const base::Cancellation* cancellation)
      : progress_(std::move(progress)),
        path_(std::move(path)),
        file_(std::move(file)),
        cancellation_(cancellation) {
    resolved = Resolve(path_);
  }

  absl::StatusOr<size_t> Read(absl::Span<uint8_t> buffer) override {
    if (absl::Status status = CheckCancelled(path_, cancellation_); !status.ok()) return status;
    absl::StatusOr<size_t> got = file_.Read(reinterpret_cast<char*>(buffer.data()), buffer.size());
    if (!got.ok()) return got;
    total_ += *got;
    if (total_ > FileReader::kMaxStreamedBytes) {
      return absl::ResourceExhaustedError(
          absl::StrCat(path_, ": larger than ", FileReader::kMaxStreamedBytes, " bytes"));
    }
    return got;
  }

 private:
  const std::unique_ptr<InProgress> progress_;
  std::string path_;
  base::RegularFile file_;
  const base::Cancellation* cancellation_;
  size_t total_ = 0;
};

// ContentStream is the stream of a file in memory.
class ContentStream final : public FileStream {
 public:
  explicit ContentStream(FileContent content) : bytes_(std::move(content.bytes)), source_(bytes_) {
    resolved = std::move(content.resolved);
  }
  absl::StatusOr<size_t> Read(absl::Span<uint8_t> buffer) override { return source_.Read(buffer); }

 private:
  std::string bytes_;
  x509::MemorySource source_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<FileStream>> FileReader::Open(const std::string& path) {
  absl::StatusOr<FileContent> content = Read(path);
  if (!content.ok()) return content.status();
  return std::make_unique<ContentStream>(*std::move(content));
}

absl::StatusOr<std::unique_ptr<FileStream>> DiskFileReader::Open(const std::string& path) {
  auto progress = std::make_unique<InProgress>(progress_, path);
  absl::StatusOr<base::RegularFile> file = base::RegularFile::Open(path);
  if (!file.ok()) return file.status();
  return std::make_unique<DiskStream>(std::move(progress), path, *std::move(file), cancellation_);
}

absl::StatusOr<FileContent> DiskFileReader::Read(const std::string& path) {
  if (absl::Status status = CheckCancelled(path, cancellation_); !status.ok()) return status;
  const InProgress progress(progress_, path);
  absl::StatusOr<base::RegularFile> file = base::RegularFile::Open(path);
  if (!file.ok()) return file.status();
  FileContent content;
  content.mode = file->mode();
  if (absl::Status read = ReadToEnd(path, *file, &content.bytes); !read.ok()) return read;
  content.resolved = Resolve(path);
  return content;
}

}  // namespace mantlet::certs
