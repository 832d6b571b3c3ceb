#include "config/loader/schema_markdown.h"

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "config/loader/schema.h"

namespace mantlet::config {
namespace {

std::string Cell(const std::string& text) { return absl::StrReplaceAll(text, {{"|", "\\|"}}); }

std::string Row(const SchemaEntry& entry, const std::string& key) {
  const bool word =
      entry.is_section || entry.default_text == "none" || entry.default_text == "required";
  return absl::StrCat("| `", key, "` | ", Cell(entry.type), " | ",
                      word ? entry.default_text : absl::StrCat("`", entry.default_text, "`"), " | ",
                      Cell(entry.reason), " |\n");
}

// Appends the keys directly below `parent` ("" or "listeners[].tls."), then those of its sections.
void AppendSection(const std::vector<SchemaEntry>& schema, const std::string& parent,
                   std::string& out) {
  absl::StrAppend(&out, "| key | type | default | what it does, and why the default |\n",
                  "|---|---|---|---|\n");
  std::vector<const SchemaEntry*> sections;
  for (const SchemaEntry& entry : schema) {
    if (!absl::StartsWith(entry.path, parent)) continue;
    const std::string key = entry.path.substr(parent.size());
    if (absl::StrContains(key, '.')) continue;
    absl::StrAppend(&out, Row(entry, key));
    if (entry.is_section) sections.push_back(&entry);
  }
  for (const SchemaEntry* section : sections) {
    const bool list = absl::StartsWith(section->type, "list");
    const std::string path = absl::StrCat(section->path, list ? "[]" : "");
    absl::StrAppend(&out, "\n### `", path, "`\n\n");
    AppendSection(schema, path + ".", out);
  }
}

}  // namespace

std::string SchemaMarkdown() {
  std::string out;
  AppendSection(Schema(), "", out);
  return out;
}

}  // namespace mantlet::config
