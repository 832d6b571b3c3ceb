// The schema of the configuration as a JSON Schema (draft 2020-12), for editors and other
// validators.

#ifndef MANTLET_CONFIG_LOADER_JSON_SCHEMA_H_
#define MANTLET_CONFIG_LOADER_JSON_SCHEMA_H_

#include <string>

namespace mantlet::config {

// JsonSchema returns the schema, indented, with a line break at its end.
//
// It accepts every file that the loader accepts, provided that the file is read as YAML 1.2: an
// environment reference may stand for any value. It does not see what connects several values
// (names of upstreams, addresses that are used twice), and the loader still refuses that.
std::string JsonSchema();

}  // namespace mantlet::config

#endif  // MANTLET_CONFIG_LOADER_JSON_SCHEMA_H_
