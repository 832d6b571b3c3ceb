// The table of metrics in proxy/observe/README.md must match a scrape: the same names, types and
// labels, with none missing on either side.

#include <gtest/gtest.h>

#include <fstream>
#include <map>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "test/proxy/observe/sample_metrics.h"

namespace mantlet::observe {
namespace {

struct Described {
  std::string type;
  std::set<std::string> labels;
  bool operator==(const Described&) const = default;
};

void PrintTo(const Described& described, std::ostream* out) {
  *out << described.type << " {";
  for (const std::string& label : described.labels) *out << label << ' ';
  *out << '}';
}

using Table = std::map<std::string, Described>;

// Returns every `word` between backticks.
std::vector<std::string> Quoted(const std::string& cell) {
  std::vector<std::string> words;
  for (size_t at = cell.find('`'); at != std::string::npos; at = cell.find('`', at)) {
    const size_t end = cell.find('`', at + 1);
    words.push_back(cell.substr(at + 1, end - at - 1));
    at = end + 1;
  }
  return words;
}

// Parses rows "| `name` | type | `label`, `label` | meaning |".
Table FromReadme() {
  Table table;
  std::ifstream file("proxy/observe/README.md");
  bool in_section = false;
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with("## ")) in_section = line == "## Metrics";
    if (!in_section || !line.starts_with("| `")) continue;
    std::istringstream row(line.substr(1));
    std::string name, type, labels;
    std::getline(row, name, '|');
    std::getline(row, type, '|');
    std::getline(row, labels, '|');
    Described& described = table[Quoted(name).at(0)];
    described.type = type.substr(1, type.size() - 2);
    for (const std::string& label : Quoted(labels)) described.labels.insert(label);
  }
  return table;
}

std::string WithoutSuffix(std::string name, const Table& table) {
  for (const char* suffix : {"_bucket", "_sum", "_count"}) {
    if (!name.ends_with(suffix)) continue;
    const std::string base = name.substr(0, name.size() - std::string(suffix).size());
    if (table.contains(base)) return base;
  }
  return name;
}

// Returns the label names of a sample line. A value may contain any character after a backslash.
std::set<std::string> LabelNames(const std::string& line) {
  std::set<std::string> names;
  size_t at = line.find('{');
  while (at != std::string::npos && line[at] != '}') {
    const size_t equals = line.find("=\"", at);
    names.insert(line.substr(at + 1, equals - at - 1));
    at = equals + 2;
    while (line[at] != '"') at += line[at] == '\\' ? 2 : 1;
    ++at;
  }
  return names;
}

Table FromScrape() {
  Table table;
  std::istringstream text(RenderSample());
  for (std::string line; std::getline(text, line);) {
    if (line.starts_with("# TYPE ")) {
      std::istringstream words(line.substr(7));
      std::string name, type;
      words >> name >> type;
      table[name].type = type;
    } else if (!line.starts_with("#")) {
      const std::string name = WithoutSuffix(line.substr(0, line.find_first_of("{ ")), table);
      std::set<std::string> labels = LabelNames(line);
      labels.erase("le");
      table[name].labels = labels;
    }
  }
  return table;
}

TEST(ReadmeOfObserve, DescribesExactlyTheMetricsThatAreExported) {
  const Table readme = FromReadme();
  const Table scrape = FromScrape();
  EXPECT_GT(scrape.size(), 25u);
  for (const auto& [name, described] : scrape) {
    ASSERT_TRUE(readme.contains(name)) << name << " is not in the README";
    // The labels of mantlet_build_info are the libraries of the build.
    if (name == "mantlet_build_info") continue;
    EXPECT_EQ(readme.at(name), described) << name;
  }
  for (const auto& [name, described] : readme) {
    EXPECT_TRUE(scrape.contains(name)) << name << " is in the README and nowhere else";
  }
}

}  // namespace
}  // namespace mantlet::observe
