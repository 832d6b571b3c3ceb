// The YAML text as a tree of nodes that know their place. This is the only part of the project that
// meets the YAML library; everything above it sees Node.
//
// Of YAML, a configuration needs mappings, lists and scalars in one document. Anchors, aliases,
// merge keys and tags are refused: they hide from the reader of a file what it says, and a
// reference can blow a small file up to any size. A key that stands twice is refused too, where
// the library would keep one of the values in silence.

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

// Nesting beyond this is refused; the deepest key of the schema stands at 6.
inline constexpr int kMaxDepth = 16;
// The same for the entries of one mapping, the items of one list, and the bytes of one key or
// value. Together they bound the time that a file can take, and the length of a message that quotes
// it.
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
    kRefused,  // a diagnostic has been given already: whoever reads it stays silent
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

// Parses `text`, appending what is wrong to `diagnostics`. Returns the root, a map, or nothing if
// the text is not a document with a mapping at its top; then there is at least one error.
std::optional<Node> ParseDocument(absl::string_view text, const std::string& filename,
                                  std::vector<Diagnostic>& diagnostics);

}  // namespace mantlet::config

#endif  // MANTLET_CONFIG_LOADER_DOCUMENT_H_
