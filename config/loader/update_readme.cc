// Rewrites the tables of config/README.md and config/mantlet.schema.json:
// bazel run //config/loader:update_readme

#include <cstdlib>
#include <fstream>
#include <iostream>
#include <iterator>
#include <string>

#include "config/loader/json_schema.h"
#include "config/loader/schema_markdown.h"

namespace {

bool UpdateTables(const std::string& path) {
  using mantlet::config::kTablesBegin;
  using mantlet::config::kTablesEnd;
  std::ifstream in(path);
  std::string text{std::istreambuf_iterator<char>(in), {}};
  const size_t begin = text.find(kTablesBegin);
  const size_t end = text.find(kTablesEnd);
  if (begin == std::string::npos || end == std::string::npos || end < begin) {
    std::cerr << path << " lacks the lines between which the tables stand\n";
    return false;
  }
  const size_t from = begin + std::string(kTablesBegin).size();
  text.replace(from, end - from, "\n" + mantlet::config::SchemaMarkdown() + "\n");
  std::ofstream out(path);
  out << text;
  return static_cast<bool>(out.flush());
}

bool UpdateSchema(const std::string& path) {
  std::ofstream out(path);
  out << mantlet::config::JsonSchema();
  return static_cast<bool>(out.flush());
}

}  // namespace

int main() {
  const char* workspace = std::getenv("BUILD_WORKSPACE_DIRECTORY");
  const std::string folder = std::string(workspace == nullptr ? "." : workspace) + "/config/";
  const bool tables = UpdateTables(folder + "README.md");
  return UpdateSchema(folder + "mantlet.schema.json") && tables ? 0 : 1;
}
