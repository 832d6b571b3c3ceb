#include "proxy/http2/field_block.h"

#include <charconv>

#include "absl/strings/match.h"

namespace mantlet::http2 {

void FieldBlock::Clear() {
  text_.clear();
  entries_.clear();
}

// The lines are those of http::HeaderList: "Name: value\r\n", without a line end in the value.
void FieldBlock::Run(std::string_view lines) {
  while (!lines.empty()) {
    const size_t colon = lines.find(": ");
    const size_t end = lines.find("\r\n", colon);
    if (colon == lines.npos || end == lines.npos) return;
    Field(lines.substr(0, colon), lines.substr(colon + 2, end - colon - 2));
    lines.remove_prefix(end + 2);
  }
}

void FieldBlock::Begin(std::string_view name) {
  start_ = text_.size();
  text_.append(name);
  value_ = text_.size();
}

void FieldBlock::End() {
  entries_.push_back({static_cast<uint32_t>(start_), static_cast<uint32_t>(value_),
                      static_cast<uint32_t>(text_.size())});
}

void FieldBlock::Number(std::string_view name, uint64_t value) {
  char digits[20];
  const char* end = std::to_chars(digits, digits + sizeof(digits), value).ptr;
  Field(name, {digits, static_cast<size_t>(end - digits)});
}

void FieldBlock::Remove(std::string_view name) {
  std::erase_if(entries_, [&](const Entry& entry) {
    return absl::EqualsIgnoreCase({text_.data() + entry.name, entry.value - entry.name},
                                  {name.data(), name.size()});
  });
}

std::span<nghttp2_nv> FieldBlock::fields() {
  fields_.clear();
  auto* text = reinterpret_cast<uint8_t*>(text_.data());
  for (const Entry& entry : entries_) {
    fields_.push_back({text + entry.name, text + entry.value, entry.value - entry.name,
                       entry.end - entry.value, NGHTTP2_NV_FLAG_NONE});
  }
  return fields_;
}

}  // namespace mantlet::http2
