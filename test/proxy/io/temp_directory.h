// A directory for one test, removed with it. Its path is short: the address of a
// Unix socket has room for 107 bytes, and a test runner's own folders are deep.

#ifndef MANTLET_TEST_PROXY_IO_TEMP_DIRECTORY_H_
#define MANTLET_TEST_PROXY_IO_TEMP_DIRECTORY_H_

#include <stdlib.h>

#include <filesystem>
#include <string>
#include <system_error>

namespace mantlet::io {

class TempDirectory {
 public:
  TempDirectory() {
    char path[] = "/tmp/mantlet-test-XXXXXX";
    if (mkdtemp(path) == nullptr) abort();
    path_ = path;
  }
  ~TempDirectory() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  TempDirectory(const TempDirectory&) = delete;

  std::string File(const std::string& name) const { return path_ + "/" + name; }
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

}  // namespace mantlet::io

#endif  // MANTLET_TEST_PROXY_IO_TEMP_DIRECTORY_H_
