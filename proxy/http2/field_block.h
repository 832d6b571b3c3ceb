// FieldBlock gathers the fields of a header or trailer section for nghttp2, all text in one arena
// that keeps its memory. Names are as they were given: nghttp2 copies the fields, and changes the
// names in its copy to lower case (RFC 9113 section 8.2.1). It is the `Out` of
// proxy/http/forwarding.h. One loop's thread only.

#ifndef MANTLET_PROXY_HTTP2_FIELD_BLOCK_H_
#define MANTLET_PROXY_HTTP2_FIELD_BLOCK_H_

#include <nghttp2/nghttp2.h>

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace mantlet::http2 {

class FieldBlock {
 public:
  void Clear();
  bool empty() const { return entries_.empty(); }

  // The `Out` of forwarding.h.
  void Field(std::string_view name, std::string_view value) {
    Begin(name);
    Append(value);
    End();
  }
  void Run(std::string_view lines);
  void Begin(std::string_view name);
  void Append(std::string_view piece) { text_.append(piece); }
  std::string_view value() const { return std::string_view(text_).substr(value_); }
  void End();
  void Drop() { text_.resize(start_); }

  void Number(std::string_view name, uint64_t value);
  // Removes every field with this name.
  void Remove(std::string_view name);
  // Appends the fields as they are written for the wire; valid until the next change.
  std::span<nghttp2_nv> fields();

 private:
  struct Entry {
    uint32_t name;
    uint32_t value;
    uint32_t end;
  };

  std::string text_;
  std::vector<Entry> entries_;
  std::vector<nghttp2_nv> fields_;
  size_t start_ = 0;  // of the field that was begun
  size_t value_ = 0;  // of its value
};

}  // namespace mantlet::http2

#endif  // MANTLET_PROXY_HTTP2_FIELD_BLOCK_H_
