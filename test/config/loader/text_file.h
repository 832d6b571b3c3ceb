// Reading files of the repository in tests.

#ifndef MANTLET_TEST_CONFIG_LOADER_TEXT_FILE_H_
#define MANTLET_TEST_CONFIG_LOADER_TEXT_FILE_H_

#include <fstream>
#include <iterator>
#include <string>

namespace mantlet::config {

inline std::string ReadTextFile(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

}  // namespace mantlet::config

#endif  // MANTLET_TEST_CONFIG_LOADER_TEXT_FILE_H_
