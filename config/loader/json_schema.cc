#include "config/loader/json_schema.h"

#include <nlohmann/json.hpp>
#include <set>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "config/config.h"
#include "config/loader/schema.h"
#include "config/loader/section.h"

namespace mantlet::config {
namespace {

using nlohmann::ordered_json;

// Within a text, ${NAME} or ${NAME:-default}.
constexpr char kReference[] = R"(\$\{[A-Za-z_][A-Za-z0-9_]*(?::-[^}]*)?\})";
const char* const kReferenceSchema = "#/$defs/environment";

ordered_json Ref(const std::string& name) { return {{"$ref", absl::StrCat("#/$defs/", name)}}; }

// Adds the values that readers of YAML can make of a word without quotes.
void AppendWord(const std::string& word, ordered_json& words) {
  words.push_back(word);
  if (word == "off") words.push_back(false);  // YAML 1.1
  if (word.find_first_not_of("0123456789.") != std::string::npos) return;
  words.push_back(ordered_json::parse(word));
}

ordered_json Integer(const ValueForm& form) {
  if (form.min == form.max) return {{"const", form.min}};
  return {{"type", "integer"}, {"minimum", form.min}, {"maximum", form.max}};
}

// Returns the schema of a value that has one of `forms`. `type` is shown if a text has none of
// them.
ordered_json Scalar(const ValueForms& forms, const std::string& type) {
  ordered_json words = ordered_json::array();
  ordered_json others = ordered_json::array();
  for (const ValueForm& form : forms) {
    switch (form.kind) {
      case ValueForm::Kind::kWord:
        AppendWord(form.text, words);
        break;
      case ValueForm::Kind::kInteger:
        others.push_back(Integer(form));
        break;
      case ValueForm::Kind::kBoolean:
        others.push_back({{"type", "boolean"}});
        break;
      case ValueForm::Kind::kUnquoted:
        others.push_back({{"type", {"number", "boolean"}}});
        break;
      case ValueForm::Kind::kPattern:
        others.push_back({{"type", "string"},
                          {"pattern", absl::StrCat("^(?:", form.text, ")$")},
                          {"patternErrorMessage", absl::StrCat("expected: ", type)}});
        break;
    }
  }
  ordered_json any = ordered_json::array();
  if (!words.empty()) any.push_back({{"enum", std::move(words)}});
  for (ordered_json& other : others) any.push_back(std::move(other));
  any.push_back({{"$ref", kReferenceSchema}});
  return {{"anyOf", std::move(any)}};
}

bool Has(const ValueForms& forms, ValueForm::Kind kind) {
  for (const ValueForm& form : forms) {
    if (form.kind == kind) return true;
  }
  return false;
}

// Returns a value of the file as JSON, such as a default.
ordered_json ToJson(const std::string& text, const ValueForms& forms) {
  const bool digits = !text.empty() && text.find_first_not_of("0123456789") == std::string::npos;
  if (digits && Has(forms, ValueForm::Kind::kInteger) && (text == "0" || text[0] != '0')) {
    return ordered_json::parse(text);
  }
  if (Has(forms, ValueForm::Kind::kBoolean) && (text == "true" || text == "false")) {
    return text == "true";
  }
  return text;
}

class SchemaWriter : public Section {
 public:
  // `defs` gets the mappings that contain themselves, `recursive` their names.
  SchemaWriter(ordered_json& defs, std::set<std::string>& recursive)
      : defs_(defs), recursive_(recursive) {}

  ordered_json Take() && {
    ordered_json object = {{"type", "object"}, {"additionalProperties", false}};
    object["properties"] = std::move(properties_);
    if (!required_.empty()) object["required"] = std::move(required_);
    if (!forms_.empty()) object["anyOf"] = std::move(forms_);
    return object;
  }

  void Forms(const std::vector<Form>& forms) override {
    for (const Form& form : forms) forms_.push_back(ToSchema(form));
  }

 protected:
  void OnValue(const Key& key, const ValueAccess& access) override {
    ordered_json value = Describe(key, access.type);
    const std::string printed = access.print();
    if (!printed.empty() && !key.required) value["default"] = ToJson(printed, access.forms);
    AddExample(access.example, access.forms, value);
    value.update(Scalar(access.forms, access.type));
    Add(key, std::move(value));
  }

  void OnValues(const Key& key, const ValuesAccess& access) override {
    ordered_json value = Describe(key, "");
    ordered_json item = {{"description", access.type}};
    AddExample(access.example, access.forms, item);
    item.update(Scalar(access.forms, access.type));
    ordered_json list = {{"type", "array"}};
    if (key.required || key.one_or_more) list["minItems"] = 1;
    list["items"] = item;
    if (key.one_or_more) {
      value["anyOf"] = {std::move(item), std::move(list)};
    } else {
      ordered_json& defaults = value["default"] = ordered_json::array();
      for (const std::string& text : access.print()) {
        defaults.push_back(ToJson(text, access.forms));
      }
      if (key.required) value.erase("default");
      value.update(list);
    }
    Add(key, std::move(value));
  }

  void OnPairs(const Key& key, const PairsAccess& access) override {
    ordered_json value = Describe(key, absl::StrCat(access.name_of_keys, " to ", access.type));
    value.update({{"type", "object"},
                  {"propertyNames", {{"pattern", "^[!#$%&'*+.^_`|~0-9A-Za-z-]+$"}}},
                  {"additionalProperties", Scalar(access.forms, access.type)}});
    Add(key, std::move(value));
  }

  void OnObject(const Key& key, bool, const std::function<void(Section&)>& describe) override {
    ordered_json value = Describe(key, "");
    if (key.keys_of != nullptr) {
      recursive_.insert(key.keys_of);
      value.update(Ref(key.keys_of));
      Add(key, std::move(value));
      return;
    }
    SchemaWriter child(defs_, recursive_);
    describe(child);
    // An absent mapping is like an empty one, which may have none of the necessary forms.
    const bool required = key.required || !child.forms_.empty();
    ordered_json object = std::move(child).Take();
    if (recursive_.contains(key.name)) {
      defs_[key.name] = std::move(object);
      object = Ref(key.name);
    }
    value.update(object);
    Add(key, std::move(value), required);
  }

  void OnObjects(const Key& key, const ObjectsAccess& access) override {
    ordered_json value = Describe(key, "");
    value["type"] = "array";
    if (key.required || key.one_or_more) value["minItems"] = 1;
    if (key.keys_of != nullptr) {
      recursive_.insert(key.keys_of);
      value["items"] = Ref(key.keys_of);
    } else {
      SchemaWriter child(defs_, recursive_);
      access.describe_new(child);
      value["items"] = std::move(child).Take();
    }
    Add(key, std::move(value));
  }

  void OnItems(const Key& key, const ItemsAccess& access) override {
    ordered_json value = Describe(key, "");
    SchemaWriter child(defs_, recursive_);
    access.objects.describe_new(child);
    ordered_json item = Scalar(access.values.forms, access.values.type);
    item["anyOf"].push_back(std::move(child).Take());
    value.update({{"type", "array"}, {"items", std::move(item)}});
    Add(key, std::move(value));
  }

 private:
  static ordered_json Describe(const Key& key, const std::string& type) {
    // What refers to the rest of README means nothing in an editor.
    const std::string reason = absl::StrReplaceAll(key.reason, {{" (see above)", ""}});
    return {{"description", type.empty() ? reason : absl::StrCat(reason, "\n\n", type)}};
  }

  // Shows an example of a text of any form; words and numbers need none.
  static void AddExample(const std::string& example, const ValueForms& forms, ordered_json& value) {
    const bool number = Has(forms, ValueForm::Kind::kInteger);
    if (Has(forms, ValueForm::Kind::kPattern) && !number) value["examples"] = {example};
  }

  static ordered_json ToSchema(const Form& form) {
    ordered_json schema = {{"required", form.with}};
    for (const char* key : form.without) schema["properties"][key] = false;
    if (form.word != nullptr) {
      schema["properties"][form.with[0]] = {
          {"anyOf", {{{"const", form.word}}, {{"$ref", kReferenceSchema}}}}};
    } else {
      // An empty list is like an absent one.
      for (const char* key : form.with) schema["properties"][key] = {{"minItems", 1}};
    }
    return schema;
  }

  void Add(const Key& key, ordered_json value) { Add(key, std::move(value), key.required); }
  void Add(const Key& key, ordered_json value, bool required) {
    properties_[key.name] = std::move(value);
    if (required) required_.push_back(key.name);
  }

  ordered_json& defs_;
  std::set<std::string>& recursive_;
  ordered_json properties_ = ordered_json::object();
  ordered_json required_ = ordered_json::array();
  ordered_json forms_ = ordered_json::array();
};

}  // namespace

std::string JsonSchema() {
  ordered_json defs = {
      {"environment",
       {{"description", "the value of an environment variable: ${NAME} or ${NAME:-default}"},
        {"type", "string"},
        {"pattern", kReference}}}};
  std::set<std::string> recursive;
  SchemaWriter writer(defs, recursive);
  Config config;
  Describe(writer, config);
  ordered_json schema = {{"$schema", "https://json-schema.org/draft/2020-12/schema"},
                         {"title", "The configuration of mantlet"}};
  schema.update(std::move(writer).Take());
  schema["$defs"] = std::move(defs);
  return schema.dump(1) + "\n";
}

}  // namespace mantlet::config
