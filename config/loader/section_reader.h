// SectionReader fills a struct from a mapping of the document and reports all of its errors.

#ifndef MANTLET_CONFIG_LOADER_SECTION_READER_H_
#define MANTLET_CONFIG_LOADER_SECTION_READER_H_

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "config/diagnostic.h"
#include "config/environment.h"
#include "config/loader/document.h"
#include "config/loader/section.h"
#include "config/source_locations.h"

namespace mantlet::config {

// The state that all readers of one file share; it outlives them.
struct ReadContext {
  const Environment& environment;
  std::string directory;  // where relative paths start from
  std::vector<Diagnostic>& diagnostics;
  SourceLocations& locations;
};

// Reads one mapping. Describe it, then call Finish().
class SectionReader : public Section {
 public:
  // `path` is "" for the whole file. `node` is a map and must outlive the reader.
  SectionReader(ReadContext& context, std::string path, const Node& node);

  // Finish reports unknown keys of the mapping and missing required ones.
  void Finish();

  void RecordLocation(Location& where) override { where = node_.where; }

 protected:
  void OnValue(const Key& key, const ValueAccess& access) override;
  void OnValues(const Key& key, const ValuesAccess& access) override;
  void OnPairs(const Key& key, const PairsAccess& access) override;
  void OnObject(const Key& key, bool present,
                const std::function<void(Section&)>& describe) override;
  void OnObjects(const Key& key, const ObjectsAccess& access) override;
  void OnItems(const Key& key, const ItemsAccess& access) override;

 private:
  std::string PathOf(const std::string& key) const;
  // Returns the value of `key`, or nullptr if it is missing, has no value or is not of `kind`. The
  // last two are errors; a missing key is one if it is required. `expected` completes "expected".
  const Node* Find(const Key& key, Node::Kind kind, const std::string& expected,
                   const std::string& hint);
  // Returns the member of that key, of any kind; nullptr if it is missing.
  const Node* FindValue(const Key& key) const;
  // Returns false, and adds an error, if a list that must not be empty is empty.
  bool CheckNotEmpty(const Key& key, const Node& node, const char* hint);
  void RecordMissing(const Key& key, const std::string& hint);
  bool CheckKind(const std::string& path, const std::string& label, const Node& node,
                 Node::Kind kind, const std::string& expected);
  // Replaces the environment variables in a scalar; returns false on an error.
  bool ToScalar(const std::string& path, const std::string& label, const Node& node,
                ScalarText& out);
  // Reads one scalar with `parse`.
  void ReadScalar(const std::string& path, const std::string& label, const Node& node,
                  const std::function<std::optional<Problem>(const ScalarText&)>& parse);
  void ReadObject(const std::string& path, const Node& node,
                  const std::function<void(Section&)>& describe);
  void Reject(const std::string& path, const Location& where, std::string what, std::string hint);
  // Returns the key of this mapping that an unknown key probably means; "" if none.
  std::string Meant(const std::string& key) const;
  std::string HintForUnknown(const std::string& key) const;

  ReadContext& context_;
  const std::string path_;
  const Node& node_;
  std::vector<std::string> known_;  // the keys that the schema has described
  // Missing required keys and their diagnostics. An unknown key may be a misspelling of one.
  std::map<std::string, Diagnostic> missing_;
};

}  // namespace mantlet::config

#endif  // MANTLET_CONFIG_LOADER_SECTION_READER_H_
