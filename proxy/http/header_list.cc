#include "proxy/http/header_list.h"

#include <algorithm>

#include "proxy/http/tokens.h"

namespace mantlet::http {
namespace {

// Enough for most messages, so that a list grows once and not with each of its first fields.
constexpr size_t kFirstBytes = 512;
constexpr size_t kFirstEntries = 16;

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
  if (entries_.empty()) Reserve();
  while (!value.empty() && IsBlank(value.front())) value.remove_prefix(1);
  while (!value.empty() && IsBlank(value.back())) value.remove_suffix(1);
  const size_t start = arena_.size();
  arena_.resize(start + name.size() + value.size() + 4);
  char* out = arena_.data() + start;
  out = std::copy(name.begin(), name.end(), out);
  *out++ = ':';
  *out++ = ' ';
  out = std::copy(value.begin(), value.end(), out);
  *out++ = '\r';
  *out = '\n';
  AddEntry(IdentifyHeader(name), static_cast<uint32_t>(name.size()),
           static_cast<uint32_t>(value.size()));
}

void HeaderList::AppendName(std::string_view piece) {
  if (entries_.empty()) Reserve();
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
  const size_t value_offset = pending_start_ + pending_name_size_ + 2;
  size_t end = arena_.size();
  while (end > value_offset && IsBlank(arena_[end - 1])) --end;
  size_t begin = value_offset;
  while (begin < end && IsBlank(arena_[begin])) ++begin;
  arena_.resize(end);
  if (begin > value_offset) arena_.erase(value_offset, begin - value_offset);
  const size_t value_size = arena_.size() - value_offset;
  arena_.append("\r\n");
  AddEntry(IdentifyHeader(std::string_view(arena_).substr(pending_start_, pending_name_size_)),
           pending_name_size_, static_cast<uint32_t>(value_size));
  pending_name_size_ = 0;
  pending_value_ = false;
}

void HeaderList::AddLine(HeaderId id, std::string_view line, size_t name_size,
                         std::string_view value) {
  if (entries_.empty()) Reserve();
  const bool as_written =
      line.size() == name_size + value.size() + 4 && line.substr(name_size, 2) == ": ";
  if (as_written) {
    arena_.append(line);
  } else {
    arena_.append(line.substr(0, name_size)).append(": ").append(value).append("\r\n");
  }
  AddEntry(id, static_cast<uint32_t>(name_size), static_cast<uint32_t>(value.size()));
}

void HeaderList::Append(const HeaderList& other) {
  if (other.empty()) return;
  const auto shift = static_cast<uint32_t>(arena_.size());
  arena_.append(other.arena_);
  entries_.reserve(entries_.size() + other.entries_.size());
  for (Entry entry : other.entries_) {
    entry.name_offset += shift;
    entry.value_offset += shift;
    entries_.push_back(entry);
  }
  present_ |= other.present_;
  pending_start_ = static_cast<uint32_t>(arena_.size());
}

void HeaderList::Reserve() {
  if (arena_.capacity() < kFirstBytes) arena_.reserve(kFirstBytes);
  entries_.reserve(kFirstEntries);
}

// Adds the entry of the last line in the arena.
void HeaderList::AddEntry(HeaderId id, uint32_t name_size, uint32_t value_size) {
  entries_.push_back({pending_start_, name_size, pending_start_ + name_size + 2, value_size, id});
  present_ |= Bit(id);
  pending_start_ = static_cast<uint32_t>(arena_.size());
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
