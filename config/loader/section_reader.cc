#include "config/loader/section_reader.h"

#include <algorithm>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "config/loader/peer_keys.h"
#include "config/loader/schema.h"
#include "config/loader/text_check.h"
#include "config/suggest.h"

namespace mantlet::config {
namespace {

std::string KindName(const Node& node) {
  switch (node.kind) {
    case Node::Kind::kSequence:
      return "a list";
    case Node::Kind::kMap:
      return "a mapping";
    default:
      return absl::StrCat("'", node.text, "'");
  }
}

std::string HintForKind(const Node& node, Node::Kind wanted) {
  switch (wanted) {
    case Node::Kind::kSequence:
      return node.kind == Node::Kind::kScalar ? absl::StrCat("write [", node.text, "]")
                                              : "begin each item with '- '";
    case Node::Kind::kMap:
      return "write its keys below it, indented, as KEY: VALUE";
    default:
      return "write a single value";
  }
}

// Returns "listeners[].tls" for "listeners[0].tls".
std::string WithoutIndices(const std::string& path) {
  std::string plain;
  bool index = false;
  for (char c : path) {
    index = c == '[' || (index && c != ']');
    if (!index || c == '[') plain += c;
  }
  return plain;
}

std::string FirstOf(const std::string& path) { return path.substr(0, path.find('.')); }

bool AnyControl(const std::string& text) {
  return std::any_of(text.begin(), text.end(), [](char c) { return IsControl(c); });
}

}  // namespace

SectionReader::SectionReader(ReadContext& context, std::string path, const Node& node)
    : context_(context), path_(std::move(path)), node_(node) {
  context_.locations.Set(path_, node.where);
}

std::string SectionReader::PathOf(const std::string& key) const {
  return path_.empty() ? key : absl::StrCat(path_, ".", key);
}

void SectionReader::Reject(const std::string& path, const Location& where, std::string what,
                           std::string hint) {
  context_.locations.SetRejected(path);
  if (context_.diagnostics.size() >= kMaxDiagnostics) return;
  context_.diagnostics.push_back({where, Severity::kError, std::move(what), std::move(hint)});
}

const Node* SectionReader::FindValue(const Key& key) const {
  const auto member = std::find_if(node_.members.begin(), node_.members.end(),
                                   [&](const Member& m) { return m.key == key.name; });
  return member == node_.members.end() ? nullptr : &member->value;
}

bool SectionReader::CheckNotEmpty(const Key& key, const Node& node, const char* hint) {
  if (!node.items.empty()) return true;
  Reject(PathOf(key.name), node.where, absl::StrCat(key.name, " is empty"), hint);
  return false;
}

const Node* SectionReader::Find(const Key& key, Node::Kind kind, const std::string& expected,
                                const std::string& hint) {
  known_.push_back(key.name);
  const std::string path = PathOf(key.name);
  const Node* node = FindValue(key);
  if (node == nullptr) {
    if (key.required) RecordMissing(key, hint);
    return nullptr;
  }
  context_.locations.Set(path, node->where);
  return CheckKind(path, key.name, *node, kind, expected) ? node : nullptr;
}

void SectionReader::RecordMissing(const Key& key, const std::string& hint) {
  context_.locations.SetRejected(PathOf(key.name));
  missing_[key.name] = {
      path_.empty() ? Location{node_.where.file} : node_.where, Severity::kError,
      absl::StrCat(path_.empty() ? "the file" : path_, " has no '", key.name, "'"),
      absl::StrCat("add '", key.name, ":", hint.empty() ? "" : " ", hint, "'")};
}

bool SectionReader::CheckKind(const std::string& path, const std::string& label, const Node& node,
                              Node::Kind kind, const std::string& expected) {
  if (node.kind == kind) return true;
  if (node.kind == Node::Kind::kRejected) {
    context_.locations.SetRejected(path);
  } else if (node.kind == Node::Kind::kNull) {
    Reject(path, node.where, absl::StrCat(label, " has no value"),
           kind == Node::Kind::kMap ? "write its keys below it, indented, or remove it"
                                    : "write one after the ':', or remove the key");
  } else {
    Reject(path, node.where,
           absl::StrCat(label, ": expected ", expected, ", found ", KindName(node)),
           HintForKind(node, kind));
  }
  return false;
}

bool SectionReader::ToScalar(const std::string& path, const std::string& label, const Node& node,
                             ScalarText& out) {
  Expansion expansion = Expand(node.text, context_.environment);
  if (!expansion.error.empty()) {
    Reject(path, node.where, absl::StrCat(label, ": ", expansion.error), expansion.hint);
    return false;
  }
  if (AnyControl(expansion.text) || FirstInvalidUtf8(expansion.text)) {
    Reject(path, node.where,
           absl::StrCat(label, ": the value contains a control character or is not UTF-8"),
           "write it in printable characters");
    return false;
  }
  const bool expanded = absl::StrContains(node.text, "${");
  out = {std::move(expansion.text), node.quoted && !expanded, context_.directory};
  return true;
}

void SectionReader::ReadScalar(
    const std::string& path, const std::string& label, const Node& node,
    const std::function<std::optional<Problem>(const ScalarText&)>& parse) {
  ScalarText scalar;
  if (!ToScalar(path, label, node, scalar)) return;
  std::optional<Problem> problem = parse(scalar);
  if (!problem) return;
  Reject(path, node.where, absl::StrCat(label, ": ", problem->what), problem->hint);
}

void SectionReader::OnValue(const Key& key, const ValueAccess& access) {
  const Node* node = Find(key, Node::Kind::kScalar, "a single value", access.example);
  if (node != nullptr) ReadScalar(PathOf(key.name), key.name, *node, access.parse);
}

void SectionReader::OnValues(const Key& key, const ValuesAccess& access) {
  if (const Node* value = FindValue(key);
      key.one_or_more && value != nullptr && value->kind == Node::Kind::kScalar) {
    access.clear();
    OnValue(key, {access.type, access.example, access.append, nullptr, access.forms});
    return;
  }
  const Node* node =
      Find(key, Node::Kind::kSequence, "a list", absl::StrCat("[", access.example, "]"));
  if (node == nullptr) return;
  if (key.one_or_more && !CheckNotEmpty(key, *node, "add at least one, or remove the key")) return;
  access.clear();
  for (size_t i = 0; i < node->items.size(); ++i) {
    const std::string path = Item(PathOf(key.name), i);
    const std::string label = Item(key.name, i);
    context_.locations.Set(path, node->items[i].where);
    if (!CheckKind(path, label, node->items[i], Node::Kind::kScalar, "a single value")) continue;
    ReadScalar(path, label, node->items[i], access.append);
  }
}

void SectionReader::OnPairs(const Key& key, const PairsAccess& access) {
  const Node* node = Find(key, Node::Kind::kMap, "a mapping", "");
  if (node == nullptr) return;
  for (const Member& member : node->members) {
    const std::string path = absl::StrCat(PathOf(key.name), ".", member.key);
    const std::string label = absl::StrCat(key.name, ": ", member.key);
    context_.locations.Set(path, member.where);
    if (!CheckKind(path, label, member.value, Node::Kind::kScalar, "a single value")) continue;
    ReadScalar(path, label, member.value,
               [&](const ScalarText& scalar) { return access.append(member.key, scalar); });
  }
}

void SectionReader::ReadObject(const std::string& path, const Node& node,
                               const std::function<void(Section&)>& describe) {
  SectionReader reader(context_, path, node);
  describe(reader);
  reader.Finish();
}

void SectionReader::OnObject(const Key& key, bool, const std::function<void(Section&)>& describe) {
  const Node* node = Find(key, Node::Kind::kMap, "a mapping", "");
  if (node != nullptr) ReadObject(PathOf(key.name), *node, describe);
}

void SectionReader::OnObjects(const Key& key, const ObjectsAccess& access) {
  const Node* node = Find(key, Node::Kind::kSequence, "a list", "");
  if (node == nullptr) return;
  if (key.required || key.one_or_more) CheckNotEmpty(key, *node, "begin an item with '- '");
  for (size_t i = 0; i < node->items.size(); ++i) {
    const std::string path = Item(PathOf(key.name), i);
    const Node& item = node->items[i];
    // An item that cannot be read is still counted, so that indices match the file.
    const Node empty{Node::Kind::kMap, item.where, "", false, {}, {}};
    if (CheckKind(path, Item(key.name, i), item, Node::Kind::kMap, "a mapping")) {
      ReadObject(path, item, access.describe_new);
    } else {
      std::vector<Diagnostic> dropped;
      ReadContext silent{context_.environment, context_.directory, dropped, context_.locations};
      SectionReader reader(silent, path, empty);
      access.describe_new(reader);
    }
  }
}

void SectionReader::OnItems(const Key& key, const ItemsAccess& access) {
  const Node* node =
      Find(key, Node::Kind::kSequence, "a list", absl::StrCat("[", access.values.example, "]"));
  if (node == nullptr) return;
  access.values.clear();
  for (size_t i = 0; i < node->items.size(); ++i) {
    const std::string path = Item(PathOf(key.name), i);
    const std::string label = Item(key.name, i);
    const Node& item = node->items[i];
    context_.locations.Set(path, item.where);
    if (item.kind == Node::Kind::kMap) {
      ReadObject(path, item, access.objects.describe_new);
    } else if (CheckKind(path, label, item, Node::Kind::kScalar, "a single value or a mapping")) {
      ReadScalar(path, label, item, access.values.append);
    }
  }
}

void SectionReader::Finish() {
  for (const Member& member : node_.members) {
    if (std::find(known_.begin(), known_.end(), member.key) != known_.end()) continue;
    if (context_.diagnostics.size() >= kMaxDiagnostics) return;
    Reject(PathOf(member.key), member.where,
           absl::StrCat("unknown key '", member.key, "'",
                        path_.empty() ? "" : absl::StrCat(" in ", path_)),
           HintForUnknown(member.key));
    missing_.erase(Meant(member.key));
  }
  for (const auto& [key, diagnostic] : missing_) context_.diagnostics.push_back(diagnostic);
}

std::string SectionReader::Meant(const std::string& key) const {
  if (const std::string* nearest = Nearest(key, known_)) return *nearest;
  const std::string ours = KeyMeantBy(key);
  // Addresses to listen on have the same name everywhere.
  const bool near = ours == "listeners[].address" ? !absl::StartsWith(path_, "upstreams")
                                                  : FirstOf(WithoutIndices(path_)) == FirstOf(ours);
  for (const std::string& known : known_) {
    if (ours == known || (near && absl::EndsWith(ours, absl::StrCat(".", known)))) return known;
  }
  return "";
}

std::string SectionReader::HintForUnknown(const std::string& key) const {
  const std::string meant = Meant(key);
  if (!meant.empty()) return absl::StrCat("did you mean '", meant, "'?");
  std::string ours = KeyMeantBy(key);
  if (absl::StrContains(ours, ": ")) return ours;
  const std::string suffix = absl::StrCat(".", key);
  for (const SchemaEntry& entry : Schema()) {
    const std::string& path = entry.path;
    if (path != key && !absl::EndsWith(path, suffix)) continue;
    const std::string parent = path == key ? "" : path.substr(0, path.size() - suffix.size());
    return parent.empty() ? "it belongs at the top of the file"
                          : absl::StrCat("it belongs in ", parent);
  }
  if (!ours.empty()) return absl::StrCat("here that is ", ours);
  return absl::StrCat("the keys here are ", absl::StrJoin(known_, ", "));
}

}  // namespace mantlet::config
