#include "proxy/http2/field_block.h"

#include <charconv>

#include "absl/strings/match.h"

namespace mantlet::http2 {

void FieldBlock::Clear() {
  fields_.clear();
  owned_.clear();
  text_.clear();
}

// nghttp2's structure has pointers to what it does not change.
void FieldBlock::Add(std::string_view name, std::string_view value, uint8_t flags) {
  fields_.push_back({reinterpret_cast<uint8_t*>(const_cast<char*>(name.data())),
                     reinterpret_cast<uint8_t*>(const_cast<char*>(value.data())), name.size(),
                     value.size(), flags});
}

// The lines are those of http::HeaderList: "Name: value\r\n", without a line end in the value.
void FieldBlock::Run(std::string_view lines) {
  while (!lines.empty()) {
    const size_t colon = lines.find(": ", 1);  // a pseudo-header field begins with a colon
    const size_t end = lines.find("\r\n", colon);
    if (colon == lines.npos || end == lines.npos) return;
    Field(lines.substr(0, colon), lines.substr(colon + 2, end - colon - 2));
    lines.remove_prefix(end + 2);
  }
}

void FieldBlock::End() {
  owned_.push_back({fields_.size(), start_});
  Add(name_, value(), NGHTTP2_NV_FLAG_NO_COPY_NAME);
}

void FieldBlock::Number(Name name, uint64_t value) {
  char digits[20];
  const char* end = std::to_chars(digits, digits + sizeof(digits), value).ptr;
  name_ = name.text;
  start_ = text_.size();
  text_.append(digits, static_cast<size_t>(end - digits));
  End();
}

void FieldBlock::Remove(std::string_view name) {
  size_t kept = 0;
  size_t owned = 0;  // the next of owned_, which are in the order of the fields
  size_t owned_kept = 0;
  for (size_t i = 0; i < fields_.size(); ++i) {
    const nghttp2_nv& field = fields_[i];
    const bool is_owned = owned < owned_.size() && owned_[owned].field == i;
    const size_t offset = is_owned ? owned_[owned++].offset : 0;
    if (absl::EqualsIgnoreCase({reinterpret_cast<const char*>(field.name), field.namelen},
                               {name.data(), name.size()})) {
      continue;
    }
    if (is_owned) owned_[owned_kept++] = {kept, offset};
    fields_[kept++] = field;
  }
  fields_.resize(kept);
  owned_.resize(owned_kept);
}

std::span<nghttp2_nv> FieldBlock::fields() {
  for (const Owned& owned : owned_) {
    fields_[owned.field].value = reinterpret_cast<uint8_t*>(text_.data()) + owned.offset;
  }
  return fields_;
}

}  // namespace mantlet::http2
