// Functions that append header fields and numbers to HTTP/1.1 text.

#ifndef MANTLET_PROXY_HTTP1_FIELD_TEXT_H_
#define MANTLET_PROXY_HTTP1_FIELD_TEXT_H_

#include <charconv>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "proxy/http/literal_name.h"
#include "proxy/http/message.h"

namespace mantlet::http1 {

inline void AppendField(std::string& out, std::string_view name, std::string_view value) {
  out.append(name).append(": ").append(value).append("\r\n");
}

inline void AppendNumber(std::string& out, uint64_t number, int base = 10) {
  char digits[20];
  out.append(digits, std::to_chars(digits, digits + sizeof(digits), number, base).ptr);
}

// Appends the field that frames the content; nothing for kNone and kUntilClose.
inline void AppendFraming(std::string& out, const http::Framing& framing) {
  if (framing.kind == http::Framing::Kind::kChunked) {
    out.append("Transfer-Encoding: chunked\r\n");
  } else if (framing.kind == http::Framing::Kind::kContentLength) {
    out.append("Content-Length: ");
    AppendNumber(out, framing.length);
    out.append("\r\n");
  }
}

// FieldText is the `Out` of proxy/http/forwarding.h for HTTP/1: it appends fields as lines to a
// string.
class FieldText {
 public:
  explicit FieldText(std::string& out) : out_(out) {}

  void Field(std::string_view name, std::string_view value) { AppendField(out_, name, value); }
  void Field(const http::LiteralName& name, std::string_view value) {
    AppendField(out_, name.text, value);
  }
  void Run(std::string_view lines) { out_.append(lines); }
  void Begin(const http::LiteralName& name) {
    start_ = out_.size();
    out_.append(name.text).append(": ");
    value_ = out_.size();
  }
  void Append(std::string_view piece) { out_.append(piece); }
  std::string_view value() const { return std::string_view(out_).substr(value_); }
  void End() { out_.append("\r\n"); }
  void Drop() { out_.resize(start_); }

 private:
  std::string& out_;
  size_t start_ = 0;  // of the field begun last
  size_t value_ = 0;  // of its value
};

}  // namespace mantlet::http1

#endif  // MANTLET_PROXY_HTTP1_FIELD_TEXT_H_
