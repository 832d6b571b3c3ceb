// ListedOptions is the set of fields that the Connection field of a head lists, which makes them
// hop-by-hop (RFC 9110 section 7.6.1). Most heads list only fields that are hop-by-hop anyway; then
// a lookup costs nothing.

#ifndef MANTLET_PROXY_HTTP_LISTED_OPTIONS_H_
#define MANTLET_PROXY_HTTP_LISTED_OPTIONS_H_

#include <string_view>

#include "proxy/http/header_list.h"
#include "proxy/http/tokens.h"

namespace mantlet::http {

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

#endif  // MANTLET_PROXY_HTTP_LISTED_OPTIONS_H_
