// Implements ToYaml(): writes a Config as YAML.

#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "config/loader/schema.h"

namespace mantlet::config {
namespace {

// Returns `text` in double quotes, escaped so that the loader reads the same text.
std::string Quoted(const std::string& text) {
  return absl::StrCat(
      "\"", absl::StrReplaceAll(text, {{"\\", "\\\\"}, {"\"", "\\\""}, {"${", "$${"}}), "\"");
}

// Returns `text`, quoted if necessary. Numbers and booleans must not be quoted, and plain words
// need not be.
std::string Scalar(const std::string& text) {
  static constexpr char kPlain[] =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_/.-";
  const bool plain = !text.empty() && text.find_first_not_of(kPlain) == std::string::npos &&
                     text[0] != '-' && text != "null" && text != "Null" && text != "NULL";
  return plain ? text : Quoted(text);
}

class YamlWriter : public Section {
 public:
  // `first` precedes the first line, `indent` every other.
  YamlWriter(std::string first, std::string indent, std::string& out)
      : first_(std::move(first)), indent_(std::move(indent)), out_(out) {}

 protected:
  void OnValue(const Key& key, const ValueAccess& access) override {
    const std::string text = access.print();
    if (text.empty()) return;
    Line(key.name, absl::StrCat(" ", Scalar(text)));
  }
  void OnValues(const Key& key, const ValuesAccess& access) override {
    const std::vector<std::string> texts = access.print();
    if (key.one_or_more && texts.empty()) return;
    List(key.name, texts);
  }
  void OnPairs(const Key& key, const PairsAccess& access) override {
    const auto pairs = access.print();
    Line(key.name, pairs.empty() ? " {}" : "");
    for (const auto& pair : pairs) {
      absl::StrAppend(&out_, indent_, "  ", Quoted(pair.first), ": ", Scalar(pair.second), "\n");
    }
  }
  void OnObject(const Key& key, bool present,
                const std::function<void(Section&)>& describe) override {
    if (!present) return;
    const std::string before = std::exchange(first_, indent_);
    const size_t begin = out_.size();
    YamlWriter child(indent_ + "  ", indent_ + "  ", out_);
    describe(child);
    const bool empty = out_.size() == begin;
    out_.insert(begin, absl::StrCat(before, key.name, empty ? ": {}\n" : ":\n"));
  }
  void OnObjects(const Key& key, const ObjectsAccess& access) override {
    if (key.one_or_more && access.size == 0) return;
    Line(key.name, access.size == 0 ? " []" : "");
    for (size_t i = 0; i < access.size; ++i) {
      const size_t begin = out_.size();
      YamlWriter child(indent_ + "  - ", indent_ + "    ", out_);
      access.describe(i, child);
      if (out_.size() == begin) absl::StrAppend(&out_, indent_, "  - {}\n");
    }
  }
  void OnItems(const Key& key, const ItemsAccess& access) override {
    std::vector<std::string> texts;
    for (size_t i = 0; i < access.objects.size; ++i) {
      if (const auto text = access.print(i)) texts.push_back(*text);
    }
    if (texts.size() == access.objects.size) {
      List(key.name, texts);
      return;
    }
    Line(key.name, "");
    for (size_t i = 0; i < access.objects.size; ++i) {
      if (const auto text = access.print(i)) {
        absl::StrAppend(&out_, indent_, "  - ", Scalar(*text), "\n");
      } else {
        YamlWriter child(indent_ + "  - ", indent_ + "    ", out_);
        access.objects.describe(i, child);
      }
    }
  }

 private:
  void List(const char* key, const std::vector<std::string>& texts) {
    const auto scalar = [](std::string* out, const std::string& text) {
      out->append(Scalar(text));
    };
    Line(key, absl::StrCat(" [", absl::StrJoin(texts, ", ", scalar), "]"));
  }

  void Line(const char* key, const std::string& rest) {
    absl::StrAppend(&out_, first_, key, ":", rest, "\n");
    first_ = indent_;
  }

  std::string first_;
  const std::string indent_;
  std::string& out_;
};

}  // namespace

std::string ToYaml(const Config& config) {
  std::string out;
  YamlWriter writer("", "", out);
  Config copy = config;
  Describe(writer, copy);
  return out;
}

}  // namespace mantlet::config
