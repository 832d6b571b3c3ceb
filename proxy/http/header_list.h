// HeaderList is a header or trailer section. Its lines lie in one arena in the order of arrival,
// duplicates included, each in the form in which it is written again; so a run of fields that are
// forwarded together is one piece of text. Clear() keeps the memory, so a list that is reused stops
// allocating once it has held its largest section. Views point into the arena and are valid until
// the list is changed. Not thread-safe; belongs to one connection.

#ifndef MANTLET_PROXY_HTTP_HEADER_LIST_H_
#define MANTLET_PROXY_HTTP_HEADER_LIST_H_

#include <cstddef>
#include <cstdint>
#include <iterator>
#include <memory_resource>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "proxy/http/header_id.h"

namespace mantlet::http {

struct HeaderView {
  HeaderId id = HeaderId::kOther;
  std::string_view name;   // as sent
  std::string_view value;  // without leading and trailing white space
};

class HeaderList {
 public:
  class Iterator;

  HeaderList() = default;
  // `memory` outlives the list.
  explicit HeaderList(std::pmr::memory_resource* memory) : arena_(memory), entries_(memory) {}

  void Clear();
  bool empty() const { return entries_.empty(); }
  size_t size() const { return entries_.size(); }
  HeaderView operator[](size_t index) const;
  Iterator begin() const;
  Iterator end() const;

  void Add(std::string_view name, std::string_view value);

  // Adds all fields of `other`.
  void Append(const HeaderList& other);

  // Adds a field of known `id` by its whole line: name, colon, value with optional blanks around
  // it, CRLF. `value` points into `line`. Must not be called between AppendName() and Finish().
  void AddLine(HeaderId id, std::string_view line, size_t name_size, std::string_view value);

  // These build a field from pieces: any number of calls of AppendName(), then of AppendValue(),
  // then Finish(), which identifies the field and trims its value.
  void AppendName(std::string_view piece);
  void AppendValue(std::string_view piece);
  void Finish();

  // Returns the value of the first field with that name. The overload for text ignores letter case.
  std::optional<std::string_view> Find(HeaderId id) const;
  std::optional<std::string_view> Find(std::string_view name) const;
  size_t Count(HeaderId id) const;
  // Returns whether there is a field with this id, in constant time. Not for kOther.
  bool Has(HeaderId id) const { return (present_ & Bit(id)) != 0; }

  // Returns the fields in [first, last) as lines, "Name: value\r\n" each.
  std::string_view Lines(size_t first, size_t last) const;

  // Returns the size of all lines in bytes.
  size_t bytes() const { return arena_.size(); }

 private:
  struct Entry {
    uint32_t name_offset;
    uint32_t name_size;
    uint32_t value_offset;
    uint32_t value_size;
    HeaderId id;
  };
  HeaderView View(const Entry& entry) const;
  void AddEntry(HeaderId id, uint32_t name_size, uint32_t value_size);
  void EndName();
  void Reserve();
  static uint32_t Bit(HeaderId id) { return uint32_t{1} << static_cast<int>(id); }

  std::pmr::string arena_;
  std::pmr::vector<Entry> entries_;
  // The field under construction. It starts where the last one ends.
  uint32_t pending_start_ = 0;
  uint32_t pending_name_size_ = 0;
  bool pending_value_ = false;  // the name is complete
  uint32_t present_ = 0;        // one bit for each id
};

class HeaderList::Iterator {
 public:
  using iterator_category = std::input_iterator_tag;
  using value_type = HeaderView;
  using difference_type = std::ptrdiff_t;
  using pointer = const HeaderView*;
  using reference = HeaderView;

  Iterator(const HeaderList* list, size_t index) : list_(list), index_(index) {}
  HeaderView operator*() const { return (*list_)[index_]; }
  Iterator& operator++() {
    ++index_;
    return *this;
  }
  bool operator==(const Iterator& other) const { return index_ == other.index_; }

 private:
  const HeaderList* list_;
  size_t index_;
};

inline HeaderView HeaderList::View(const Entry& entry) const {
  return {entry.id,
          {arena_.data() + entry.name_offset, entry.name_size},
          {arena_.data() + entry.value_offset, entry.value_size}};
}
inline HeaderView HeaderList::operator[](size_t index) const { return View(entries_[index]); }
inline std::string_view HeaderList::Lines(size_t first, size_t last) const {
  if (first >= last) return {};
  const size_t begin = entries_[first].name_offset;
  const size_t end = last < entries_.size() ? entries_[last].name_offset : pending_start_;
  return std::string_view(arena_).substr(begin, end - begin);
}
inline HeaderList::Iterator HeaderList::begin() const { return Iterator(this, 0); }
inline HeaderList::Iterator HeaderList::end() const { return Iterator(this, entries_.size()); }

}  // namespace mantlet::http

#endif  // MANTLET_PROXY_HTTP_HEADER_LIST_H_
