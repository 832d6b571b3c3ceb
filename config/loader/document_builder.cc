#include "config/loader/document_builder.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "config/loader/text_check.h"

namespace mantlet::config {

DocumentBuilder::DocumentBuilder(absl::string_view text, std::string filename,
                                 std::vector<Diagnostic>& diagnostics)
    : text_(text), filename_(std::move(filename)), diagnostics_(diagnostics) {
  line_starts_.push_back(0);
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\n') line_starts_.push_back(i + 1);
  }
}

Location DocumentBuilder::LocationOf(const YAML::Mark& mark) const {
  return Location{filename_, mark.line + 1, mark.column + 1};
}

void DocumentBuilder::Error(const Location& where, std::string what, std::string hint) {
  diagnostics_.push_back({where, Severity::kError, std::move(what), std::move(hint)});
}

void DocumentBuilder::OnDocumentStart(const YAML::Mark& mark) {
  if (++documents_ == 1) return;
  Error(LocationOf(mark), "a second YAML document begins here", "keep one document in the file");
  throw StopParsing{};
}

void DocumentBuilder::OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) {
  Node node;
  // For a missing value, the library's mark is the position of the next token.
  const bool value_of_key = !open_.empty() && open_.back().has_key;
  node.where = value_of_key ? open_.back().key_location : LocationOf(mark);
  RejectUnsupported(node.where, "", anchor);
  Take(std::move(node));
}

void DocumentBuilder::OnAlias(const YAML::Mark& mark, YAML::anchor_t) {
  Node node;
  node.kind = Node::Kind::kRejected;
  node.where = LocationOf(mark);
  Error(node.where, "YAML aliases (*name) are not supported", "write the value out");
  Take(std::move(node));
}

void DocumentBuilder::OnScalar(const YAML::Mark& mark, const std::string& tag,
                               YAML::anchor_t anchor, const std::string& value) {
  Node node;
  node.kind = Node::Kind::kScalar;
  node.where = LocationOf(mark);
  node.text = value;
  node.quoted = tag != "?";
  RejectUnsupported(node.where, tag, anchor);
  if (tag == "!") CheckQuoteCloses(node.where);
  if (!Presentable(node)) {
    node.kind = Node::Kind::kRejected;
    node.text.clear();
  }
  Take(std::move(node));
}

// Returns whether a key or value can be quoted in a message, which is printed to a terminal.
bool DocumentBuilder::Presentable(const Node& scalar) {
  if (scalar.text.size() > kMaxScalarBytes) {
    Error(scalar.where, absl::StrCat("the text is longer than ", kMaxScalarBytes, " bytes"),
          "no key or value is that long; look for a missing quote");
    return false;
  }
  if (!std::any_of(scalar.text.begin(), scalar.text.end(), IsControl)) return true;
  Error(scalar.where, "the text contains a line break or control character",
        "write it on one line, in printable characters");
  return false;
}

void DocumentBuilder::OnSequenceStart(const YAML::Mark& mark, const std::string& tag,
                                      YAML::anchor_t anchor, YAML::EmitterStyle::value) {
  Begin(Node::Kind::kSequence, mark, tag, anchor);
}

void DocumentBuilder::OnMapStart(const YAML::Mark& mark, const std::string& tag,
                                 YAML::anchor_t anchor, YAML::EmitterStyle::value) {
  Begin(Node::Kind::kMap, mark, tag, anchor);
}

bool DocumentBuilder::ExpectsKey() const {
  return !open_.empty() && open_.back().node.kind == Node::Kind::kMap && !open_.back().has_key;
}

void DocumentBuilder::Begin(Node::Kind kind, const YAML::Mark& mark, const std::string& tag,
                            YAML::anchor_t anchor) {
  const Location where = LocationOf(mark);
  if (ExpectsKey()) {
    Error(where, "expected a key, found a list or mapping", "a key is a word, followed by ':'");
    throw StopParsing{};
  }
  if (open_.size() >= kMaxDepth) {
    Error(where, absl::StrCat("nested more than ", kMaxDepth, " levels deep"),
          "no key of a configuration is nested that deeply");
    throw StopParsing{};
  }
  RejectUnsupported(where, tag, anchor);
  open_.emplace_back();
  open_.back().node.kind = kind;
  open_.back().node.where = where;
}

void DocumentBuilder::Close() {
  Node node = std::move(open_.back().node);
  open_.pop_back();
  Take(std::move(node));
}

void DocumentBuilder::Take(Node node) {
  if (ExpectsKey()) {
    TakeKey(node);
  } else {
    TakeValue(std::move(node));
  }
}

void DocumentBuilder::TakeKey(const Node& node) {
  Open& map = open_.back();
  map.has_key = true;
  map.key = node.text;
  map.key_location = node.where;
  map.key_rejected = node.kind != Node::Kind::kScalar;
  if (node.kind == Node::Kind::kNull) {
    Error(node.where, "a key is missing before ':'", "write KEY: VALUE");
  } else if (map.key == "<<") {
    Error(node.where, "YAML merge keys (<<) are not supported", "write the keys out");
    map.key_rejected = true;
  }
  const auto& members = map.node.members;
  const auto duplicate = std::find_if(members.begin(), members.end(),
                                      [&](const Member& member) { return member.key == map.key; });
  if (duplicate == members.end() || map.key_rejected) return;
  Error(node.where, absl::StrCat("'", map.key, "' is defined twice"),
        absl::StrCat("keep this one or the one in line ", duplicate->where.line));
  map.key_rejected = true;
}

void DocumentBuilder::TakeValue(Node node) {
  if (open_.empty()) {
    root_ = std::move(node);
    return;
  }
  Open& parent = open_.back();
  const bool list = parent.node.kind == Node::Kind::kSequence;
  const size_t most = list ? kMaxItems : kMaxEntries;
  if (parent.node.items.size() + parent.node.members.size() >= most) {
    Error(node.where,
          absl::StrCat("more than ", most, list ? " items in one list" : " entries in one mapping"),
          "no configuration is that long");
    throw StopParsing{};
  }
  if (list) {
    parent.node.items.push_back(std::move(node));
    return;
  }
  parent.has_key = false;
  if (parent.key_rejected) return;
  parent.node.members.push_back({parent.key, parent.key_location, std::move(node)});
}

// If a quote is missing, the library reads the rest of the text as one value.
void DocumentBuilder::CheckQuoteCloses(const Location& where) {
  const size_t line = static_cast<size_t>(where.line) - 1;
  if (line >= line_starts_.size()) return;
  size_t at = line_starts_[line] + static_cast<size_t>(where.column) - 1;
  if (at >= text_.size()) return;
  const char quote = text_[at];
  if (quote != '"' && quote != '\'') return;  // a block scalar
  while (++at < text_.size()) {
    if (quote == '"' && text_[at] == '\\') {
      ++at;
    } else if (text_[at] == quote) {
      // In single quotes, two quotes are one literal quote.
      if (quote == '"' || at + 1 >= text_.size() || text_[at + 1] != quote) return;
      ++at;
    }
  }
  Error(where, "the quote that opens here is never closed",
        absl::StrCat("close it with ", std::string(1, quote)));
  throw StopParsing{};
}

void DocumentBuilder::RejectUnsupported(const Location& where, const std::string& tag,
                                        YAML::anchor_t anchor) {
  if (anchor != YAML::NullAnchor) {
    Error(where, "YAML anchors (&name) are not supported", "remove the anchor");
  }
  if (!tag.empty() && tag != "?" && tag != "!") {
    Error(where, absl::StrCat("the YAML tag '", tag, "' is not supported"), "remove the tag");
  }
}

}  // namespace mantlet::config
