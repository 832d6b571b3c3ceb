// MemoryFileReader reads files that exist in memory only, for tests and fuzz targets.

#ifndef MANTLET_TEST_CERTS_MEMORY_FILE_READER_H_
#define MANTLET_TEST_CERTS_MEMORY_FILE_READER_H_

#include <cstdint>
#include <map>
#include <string>

#include "absl/status/statusor.h"
#include "certs/file_reader.h"

namespace mantlet::certs {

class MemoryFileReader : public FileReader {
 public:
  void Put(const std::string& path, std::string bytes, uint32_t mode = 0600);
  void Remove(const std::string& path);
  absl::StatusOr<FileContent> Read(const std::string& path) override;

 private:
  std::map<std::string, FileContent> files_;
};

}  // namespace mantlet::certs

#endif  // MANTLET_TEST_CERTS_MEMORY_FILE_READER_H_
