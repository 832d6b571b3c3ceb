// Appends pieces of an HTTP/1.1 head to a string. Shared by the two directions
// of forwarding.

#ifndef MANTLET_PROXY_HTTP_FIELD_OUTPUT_H_
#define MANTLET_PROXY_HTTP_FIELD_OUTPUT_H_

#include <charconv>
#include <cstdint>
#include <string>
#include <string_view>

#include "proxy/http/header_list.h"
#include "proxy/http/message.h"
#include "proxy/http/tokens.h"

namespace mantlet::http {

inline void AppendField(std::string& out, std::string_view name, std::string_view value) {
  out.append(name).append(": ").append(value).append("\r\n");
}

inline void AppendNumber(std::string& out, uint64_t number) {
  char digits[20];
  out.append(digits, std::to_chars(digits, digits + sizeof(digits), number).ptr);
}

// The fields that say how the body is framed; nothing for none or until-close.
inline void AppendFraming(std::string& out, const Framing& framing) {
  if (framing.kind == Framing::Kind::kChunked) {
    out.append("Transfer-Encoding: chunked\r\n");
  } else if (framing.kind == Framing::Kind::kContentLength) {
    out.append("Content-Length: ");
    AppendNumber(out, framing.length);
    out.append("\r\n");
  }
}

// The fields that Connection lists besides those that are hop-by-hop anyway
// (RFC 9110 section 7.6.1). Most heads have none, and then asking is free.
class ListedOptions {
 public:
  explicit ListedOptions(const HeaderList& headers) : headers_(headers) {
    if (!headers.Has(HeaderId::kConnection)) return;
    for (const HeaderView field : headers) {
      if (field.id != HeaderId::kConnection) continue;
      ForEachListItem(field.value, [&](std::string_view option) {
        any_ |= !EqualsIgnoreCase(option, "keep-alive") && !EqualsIgnoreCase(option, "close") &&
                !EqualsIgnoreCase(option, "upgrade");
      });
    }
  }
  bool Contain(std::string_view name) const { return any_ && Search(name); }

 private:
  bool Search(std::string_view name) const {
    for (const HeaderView field : headers_) {
      if (field.id == HeaderId::kConnection && ListContains(field.value, name)) return true;
    }
    return false;
  }

  const HeaderList& headers_;
  bool any_ = false;
};

}  // namespace mantlet::http

#endif  // MANTLET_PROXY_HTTP_FIELD_OUTPUT_H_
