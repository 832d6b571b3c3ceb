// Rewrites the tables of config/README.md: bazel run //config/loader:update_readme

#include <cstdlib>
#include <fstream>
#include <iostream>
#include <iterator>
#include <string>

#include "config/loader/schema_markdown.h"

int main() {
  using mantlet::config::kTablesBegin;
  using mantlet::config::kTablesEnd;
  const char* workspace = std::getenv("BUILD_WORKSPACE_DIRECTORY");
  const std::string path =
      std::string(workspace == nullptr ? "." : workspace) + "/config/README.md";
  std::ifstream in(path);
  std::string text{std::istreambuf_iterator<char>(in), {}};
  const size_t begin = text.find(kTablesBegin);
  const size_t end = text.find(kTablesEnd);
  if (begin == std::string::npos || end == std::string::npos || end < begin) {
    std::cerr << path << " lacks the lines between which the tables stand\n";
    return 1;
  }
  const size_t from = begin + std::string(kTablesBegin).size();
  text.replace(from, end - from, "\n" + mantlet::config::SchemaMarkdown() + "\n");
  std::ofstream out(path);
  out << text;
  return out.flush() ? 0 : 1;
}
