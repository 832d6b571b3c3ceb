// Parses YAML text into a tree of nodes with source locations. Only this part of the project
// includes the YAML library; all others use Node.
//
// A configuration uses mappings, lists and scalars in one YAML document. Anchors, aliases,
// merge keys and tags are rejected: they hide the effective values from a reader, and a reference
// can expand a small file to any size. A duplicate key is rejected, too; the library would silently
// keep one of the values.

#ifndef MANTLET_CONFIG_LOADER_DOCUMENT_H_
#define MANTLET_CONFIG_LOADER_DOCUMENT_H_

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "config/config.h"
#include "config/diagnostic.h"

namespace mantlet::config {

// The maximum nesting depth; the deepest key of the schema is at 6.
inline constexpr int kMaxDepth = 16;
// The maxima of entries in one mapping, items in one list, and bytes in one key or value. Together
// they bound the time to load a file, and the length of a message that quotes it.
inline constexpr size_t kMaxEntries = 1000;
inline constexpr size_t kMaxItems = 10'000;
inline constexpr size_t kMaxScalarBytes = 4096;

struct Member;

// One value of the document and everything below it.
struct Node {
  enum class Kind {
    kNull,
    kScalar,
    kSequence,
    kMap,
    kRejected,  // already has a diagnostic; readers report nothing more
  };
  Kind kind = Kind::kNull;
  Location where;
  std::string text;             // kScalar, escapes resolved
  bool quoted = false;          // kScalar
  std::vector<Node> items;      // kSequence
  std::vector<Member> members;  // kMap, in file order, no key twice
};

struct Member {
  std::string key;
  Location where;  // of the key
  Node value;
};

// ParseDocument parses `text` and appends errors to `diagnostics`. It returns the root, a map, or
// nothing if the text is not a document with a mapping at its top; then there is at least one
// error.
std::optional<Node> ParseDocument(absl::string_view text, const std::string& filename,
                                  std::vector<Diagnostic>& diagnostics);

}  // namespace mantlet::config

#endif  // MANTLET_CONFIG_LOADER_DOCUMENT_H_
