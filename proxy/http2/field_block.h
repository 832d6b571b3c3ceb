// FieldBlock gathers the fields of a header or trailer section for nghttp2, which copies them when
// the section is submitted. Names and values are not copied here: what is passed must stay valid
// until then, except for values that come in pieces. nghttp2 changes the names in its copy to lower
// case (RFC 9113 section 8.2.1); literal names are in lower case, and are not copied at all.
//
// It is the `Out` of proxy/http/forwarding.h. It keeps its memory. One loop's thread only.

#ifndef MANTLET_PROXY_HTTP2_FIELD_BLOCK_H_
#define MANTLET_PROXY_HTTP2_FIELD_BLOCK_H_

#include <nghttp2/nghttp2.h>

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "proxy/http/literal_name.h"

namespace mantlet::http2 {

class FieldBlock {
 public:
  // A name in lower case that is a string literal.
  struct Name {
    std::string_view text;
    consteval Name(const char* literal) : text(literal) {}  // NOLINT(google-explicit-constructor)
  };

  void Clear();
  bool empty() const { return fields_.empty(); }

  // The `Out` of forwarding.h.
  void Field(std::string_view name, std::string_view value) {
    Add(name, value, NGHTTP2_NV_FLAG_NONE);
  }
  void Field(const http::LiteralName& name, std::string_view value) {
    Add(name.lower_case, value, NGHTTP2_NV_FLAG_NO_COPY_NAME);
  }
  void Run(std::string_view lines);
  void Begin(const http::LiteralName& name) {
    name_ = name.lower_case;
    start_ = text_.size();
  }
  void Append(std::string_view piece) { text_.append(piece); }
  std::string_view value() const { return std::string_view(text_).substr(start_); }
  void End();
  void Drop() { text_.resize(start_); }

  void Literal(Name name, std::string_view value) {
    Add(name.text, value, NGHTTP2_NV_FLAG_NO_COPY_NAME);
  }
  void Number(Name name, uint64_t value);
  // Removes every field with this name.
  void Remove(std::string_view name);
  // Returns the fields; valid until the next change.
  std::span<nghttp2_nv> fields();

 private:
  // A value that lies in text_, which may still move.
  struct Owned {
    size_t field;
    size_t offset;
  };

  void Add(std::string_view name, std::string_view value, uint8_t flags);

  std::vector<nghttp2_nv> fields_;
  std::vector<Owned> owned_;
  std::string text_;
  std::string_view name_;  // of the field that was begun
  size_t start_ = 0;       // of its value
};

}  // namespace mantlet::http2

#endif  // MANTLET_PROXY_HTTP2_FIELD_BLOCK_H_
