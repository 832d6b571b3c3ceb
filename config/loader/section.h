// Section is one mapping of the configuration, for the functions of the schema.
//
// config/loader/schema.cc describes every key of the configuration once. Three kinds of section use
// that description: SectionReader fills the structs from YAML, SchemaLister lists the keys, and
// YamlWriter writes the structs as YAML. So every key that can be read is also documented and can
// be shown.

#ifndef MANTLET_CONFIG_LOADER_SECTION_H_
#define MANTLET_CONFIG_LOADER_SECTION_H_

#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "config/config.h"
#include "config/loader/value_type.h"

namespace mantlet::config {

class Section {
 public:
  struct Key {
    const char* name;
    const char* reason;  // one line for README: the effect of the key, or the reason of its default
    bool required = false;
    // A list that may be absent but not empty: a single value may replace a list of one, an empty
    // list is rejected, and a writer omits it.
    bool one_or_more = false;
    // A mapping, or list of mappings, that has the same keys as the enclosing mapping of this name.
    // Lists of keys do not descend into it, because they would not end.
    const char* keys_of = nullptr;
  };

  virtual ~Section() = default;

  // One scalar. The default is the previous contents of `value`.
  template <typename T>
  void Value(const Key& key, T& value, const ValueType<T>& type) {
    OnValue(key, {type.name, type.example,
                  [&](const ScalarText& scalar) { return type.parse(scalar, value); },
                  [&] { return type.print(value); }, type.forms});
  }

  // A list of scalars. It replaces the default as a whole.
  template <typename T>
  void Values(const Key& key, std::vector<T>& values, const ValueType<T>& type) {
    OnValues(key, {type.name, type.example, [&] { values.clear(); },
                   [&](const ScalarText& scalar) {
                     T value{};
                     auto problem = type.parse(scalar, value);
                     if (!problem) values.push_back(std::move(value));
                     return problem;
                   },
                   [&] {
                     std::vector<std::string> texts;
                     for (const T& value : values) texts.push_back(type.print(value));
                     return texts;
                   },
                   type.forms});
  }

  // A list whose items are single values or mappings. `value_of` is the member that a single value
  // sets; `is_value` returns whether a writer shows an item as a single value.
  template <typename T>
  void ValuesOrObjects(const Key& key, std::vector<T>& values, const ValueType<std::string>& type,
                       std::string T::* value_of, bool (*is_value)(const T&),
                       void (*describe)(Section&, T&)) {
    OnItems(key, {{type.name, type.example, [&] { values.clear(); },
                   [&, value_of](const ScalarText& scalar) {
                     T value{};
                     auto problem = type.parse(scalar, value.*value_of);
                     if (!problem) values.push_back(std::move(value));
                     return problem;
                   },
                   nullptr, type.forms},
                  {values.size(),
                   [&, describe](Section& section) {
                     values.emplace_back();
                     describe(section, values.back());
                   },
                   [&, describe](size_t i, Section& section) { describe(section, values[i]); }},
                  [&, value_of, is_value](size_t i) {
                    return is_value(values[i]) ? std::optional(type.print(values[i].*value_of))
                                               : std::nullopt;
                  }});
  }

  // A mapping whose keys are chosen by the user.
  template <typename T>
  void Pairs(const Key& key, std::vector<std::pair<std::string, T>>& pairs,
             const char* name_of_keys, const ValueType<T>& type) {
    OnPairs(key, {name_of_keys, type.name,
                  [&](const std::string& name, const ScalarText& scalar) {
                    T value{};
                    auto problem = type.parse(scalar, value);
                    if (!problem) pairs.emplace_back(name, std::move(value));
                    return problem;
                  },
                  [&] {
                    std::vector<std::pair<std::string, std::string>> texts;
                    for (const auto& pair : pairs) {
                      texts.emplace_back(pair.first, type.print(pair.second));
                    }
                    return texts;
                  },
                  type.forms});
  }

  // A mapping with its own keys. A writer shows it if `present` is true.
  template <typename T>
  void Object(const Key& key, T& value, void (*describe)(Section&, T&), bool present = true) {
    OnObject(key, present, [&, describe](Section& section) { describe(section, value); });
  }

  // The same for an optional mapping: `values` holds it, or nothing.
  template <typename T>
  void Optional(const Key& key, std::vector<T>& values, void (*describe)(Section&, T&)) {
    OnObject(key, !values.empty(), [&, describe](Section& section) {
      if (values.empty()) values.emplace_back();
      describe(section, values.front());
    });
  }

  // A list of such mappings.
  template <typename T>
  void Objects(const Key& key, std::vector<T>& values, void (*describe)(Section&, T&)) {
    OnObjects(key, {values.size(),
                    [&, describe](Section& section) {
                      // Described in place, because its location or a default may be read from
                      // there.
                      values.emplace_back();
                      describe(section, values.back());
                    },
                    [&, describe](size_t i, Section& section) { describe(section, values[i]); }});
  }

  // One of the forms that a mapping may have: it has the keys `with`, and not those of `without`.
  struct Form {
    std::vector<const char*> with;
    std::vector<const char*> without = {};
    const char* word = nullptr;  // the value of the only key of `with`
  };
  // States that the mapping has one of `forms`, for the JSON schema; config/checks decides.
  virtual void Forms(const std::vector<Form>& forms) {}

  // Stores the location of this mapping.
  virtual void RecordLocation(Location& where) {}

 protected:
  struct ValueAccess {
    const std::string& type;
    const std::string& example;
    std::function<std::optional<Problem>(const ScalarText&)> parse;
    std::function<std::string()> print;
    const ValueForms& forms;
  };
  struct ValuesAccess {
    const std::string& type;
    const std::string& example;
    std::function<void()> clear;
    std::function<std::optional<Problem>(const ScalarText&)> append;
    std::function<std::vector<std::string>()> print;
    const ValueForms& forms;
  };
  struct PairsAccess {
    const char* name_of_keys;
    const std::string& type;
    std::function<std::optional<Problem>(const std::string&, const ScalarText&)> append;
    std::function<std::vector<std::pair<std::string, std::string>>()> print;
    const ValueForms& forms;
  };
  struct ObjectsAccess {
    size_t size;
    std::function<void(Section&)> describe_new;  // appends an element
    std::function<void(size_t, Section&)> describe;
  };
  struct ItemsAccess {
    ValuesAccess values;  // without print
    ObjectsAccess objects;
    std::function<std::optional<std::string>(size_t)> print;  // nullopt for a mapping
  };

  virtual void OnValue(const Key& key, const ValueAccess& access) = 0;
  virtual void OnValues(const Key& key, const ValuesAccess& access) = 0;
  virtual void OnPairs(const Key& key, const PairsAccess& access) = 0;
  virtual void OnObject(const Key& key, bool present,
                        const std::function<void(Section&)>& describe) = 0;
  virtual void OnObjects(const Key& key, const ObjectsAccess& access) = 0;
  virtual void OnItems(const Key& key, const ItemsAccess& access) = 0;
};

}  // namespace mantlet::config

#endif  // MANTLET_CONFIG_LOADER_SECTION_H_
