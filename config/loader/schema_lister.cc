// Implements Schema(): lists the keys.

#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "config/loader/schema.h"

namespace mantlet::config {
namespace {

class SchemaLister : public Section {
 public:
  SchemaLister(std::string prefix, std::vector<SchemaEntry>& entries)
      : prefix_(std::move(prefix)), entries_(entries) {}

 protected:
  void OnValue(const Key& key, const ValueAccess& access) override {
    const std::string value = access.print();
    Add(key, access.type, value.empty() ? "none" : value);
  }
  void OnValues(const Key& key, const ValuesAccess& access) override {
    if (key.one_or_more) {
      Add(key, absl::StrCat("one or a list, each ", access.type), "none");
      return;
    }
    Add(key, absl::StrCat("list, each ", access.type),
        absl::StrCat("[", absl::StrJoin(access.print(), ", "), "]"));
  }
  void OnPairs(const Key& key, const PairsAccess& access) override {
    Add(key, absl::StrCat("mapping, ", access.name_of_keys, " to ", access.type), "{}");
  }
  void OnObject(const Key& key, bool, const std::function<void(Section&)>& describe) override {
    if (key.keys_of != nullptr) {
      Add(key, absl::StrCat("mapping with the keys of `", key.keys_of, "`"), "none");
      return;
    }
    Add(key, "mapping", "optional", true);
    SchemaLister child(absl::StrCat(prefix_, key.name, "."), entries_);
    describe(child);
  }
  void OnObjects(const Key& key, const ObjectsAccess& access) override {
    if (key.keys_of != nullptr) {
      Add(key, absl::StrCat("list of mappings with the keys of `", key.keys_of, "`"), "none");
      return;
    }
    Add(key, "list of mappings", "optional", true);
    SchemaLister child(absl::StrCat(prefix_, key.name, "[]."), entries_);
    access.describe_new(child);
  }
  void OnItems(const Key& key, const ItemsAccess& access) override {
    Add(key, absl::StrCat("list, each ", access.values.type, " or mapping"), "empty", true);
    SchemaLister child(absl::StrCat(prefix_, key.name, "[]."), entries_);
    access.objects.describe_new(child);
  }

 private:
  void Add(const Key& key, std::string type, std::string default_text, bool is_section = false) {
    entries_.push_back({absl::StrCat(prefix_, key.name), std::move(type),
                        key.required ? "required" : std::move(default_text), key.reason,
                        is_section});
  }

  const std::string prefix_;
  std::vector<SchemaEntry>& entries_;
};

}  // namespace

std::vector<SchemaEntry> Schema() {
  std::vector<SchemaEntry> entries;
  SchemaLister lister("", entries);
  Config config;
  Describe(lister, config);
  return entries;
}

}  // namespace mantlet::config
