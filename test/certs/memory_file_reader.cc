#include "test/certs/memory_file_reader.h"

#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"

namespace mantlet::certs {

void MemoryFileReader::Put(const std::string& path, std::string bytes, uint32_t mode) {
  files_[path] = FileContent{std::move(bytes), path, mode};
}

void MemoryFileReader::Remove(const std::string& path) { files_.erase(path); }

absl::StatusOr<FileContent> MemoryFileReader::Read(const std::string& path) {
  auto found = files_.find(path);
  if (found == files_.end()) {
    return absl::NotFoundError(absl::StrCat(path, ": No such file or directory"));
  }
  return found->second;
}

}  // namespace mantlet::certs
