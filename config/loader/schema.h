// The schema of the configuration: every key is described once.

#ifndef MANTLET_CONFIG_LOADER_SCHEMA_H_
#define MANTLET_CONFIG_LOADER_SCHEMA_H_

#include <string>
#include <vector>

#include "config/config.h"
#include "config/loader/section.h"

namespace mantlet::config {

// Describe visits every key of the configuration `v` with `s`, in the order of config/README.md.
void Describe(Section& s, Config& v);

// SchemaEntry is one key, in the form of config/README.md.
struct SchemaEntry {
  std::string path;  // "listeners[].tls.min_version"
  std::string type;
  std::string default_text;  // "required" if there is none
  std::string reason;
  bool is_section = false;  // a mapping or list of mappings: its keys follow
};

std::vector<SchemaEntry> Schema();

// ToYaml returns `config` as YAML that loads to an equal Config, with every key and default.
std::string ToYaml(const Config& config);

}  // namespace mantlet::config

#endif  // MANTLET_CONFIG_LOADER_SCHEMA_H_
