// Generates the tables of config/README.md from the schema.

#ifndef MANTLET_CONFIG_LOADER_SCHEMA_MARKDOWN_H_
#define MANTLET_CONFIG_LOADER_SCHEMA_MARKDOWN_H_

#include <string>

namespace mantlet::config {

// The lines in README that enclose the tables.
inline constexpr char kTablesBegin[] =
    "<!-- the tables from here on are written by `bazel run //config/loader:update_readme` -->\n";
inline constexpr char kTablesEnd[] = "<!-- end of the written tables -->\n";

// SchemaMarkdown returns one table for each mapping, in the order of the schema.
std::string SchemaMarkdown();

}  // namespace mantlet::config

#endif  // MANTLET_CONFIG_LOADER_SCHEMA_MARKDOWN_H_
