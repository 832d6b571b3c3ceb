#include "proxy/http/header_list.h"

#include "proxy/http/tokens.h"

namespace mantlet::http {
namespace {

bool IsBlank(char c) { return c == ' ' || c == '\t'; }

}  // namespace

void HeaderList::Clear() {
  arena_.clear();
  entries_.clear();
  pending_start_ = 0;
  pending_name_size_ = 0;
  pending_value_ = false;
  present_ = 0;
}

void HeaderList::Add(std::string_view name, std::string_view value) {
  AppendName(name);
  AppendValue(value);
  Finish();
}

void HeaderList::AppendName(std::string_view piece) {
  arena_.append(piece);
  pending_name_size_ += static_cast<uint32_t>(piece.size());
}

void HeaderList::EndName() {
  pending_value_ = true;
  arena_.append(": ");
}

void HeaderList::AppendValue(std::string_view piece) {
  if (!pending_value_) EndName();
  arena_.append(piece);
}

void HeaderList::Finish() {
  if (!pending_value_) EndName();
  Entry entry;
  entry.name_offset = pending_start_;
  entry.name_size = pending_name_size_;
  entry.value_offset = pending_start_ + pending_name_size_ + 2;
  size_t end = arena_.size();
  while (end > entry.value_offset && IsBlank(arena_[end - 1])) --end;
  size_t begin = entry.value_offset;
  while (begin < end && IsBlank(arena_[begin])) ++begin;
  arena_.resize(end);
  if (begin > entry.value_offset) arena_.erase(entry.value_offset, begin - entry.value_offset);
  entry.value_size = static_cast<uint32_t>(arena_.size()) - entry.value_offset;
  arena_.append("\r\n");
  entry.id = IdentifyHeader(std::string_view(arena_).substr(entry.name_offset, entry.name_size));
  entries_.push_back(entry);
  present_ |= Bit(entry.id);
  pending_start_ = static_cast<uint32_t>(arena_.size());
  pending_name_size_ = 0;
  pending_value_ = false;
}

std::optional<std::string_view> HeaderList::Find(HeaderId id) const {
  if (!Has(id)) return std::nullopt;
  for (const Entry& entry : entries_) {
    if (entry.id == id) return View(entry).value;
  }
  return std::nullopt;
}

std::optional<std::string_view> HeaderList::Find(std::string_view name) const {
  for (const Entry& entry : entries_) {
    const HeaderView view = View(entry);
    if (EqualsIgnoreCase(view.name, name)) {
      return view.value;
    }
  }
  return std::nullopt;
}

size_t HeaderList::Count(HeaderId id) const {
  size_t count = 0;
  if (!Has(id)) return count;
  for (const Entry& entry : entries_) count += entry.id == id;
  return count;
}

}  // namespace mantlet::http
