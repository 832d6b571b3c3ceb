#include "config/served_methods.h"

#include <algorithm>

namespace mantlet::config {

const std::vector<std::string>& ServedMethods() {
  static const auto* methods = new std::vector<std::string>{
      "GET",    "HEAD",      "POST",      "PUT",        "DELETE",     "OPTIONS",    "TRACE",
      "PATCH",  "QUERY",     "ACL",       "BIND",       "CHECKOUT",   "COPY",       "LINK",
      "LOCK",   "M-SEARCH",  "MERGE",     "MKACTIVITY", "MKCALENDAR", "MKCOL",      "MOVE",
      "NOTIFY", "PROPFIND",  "PROPPATCH", "PURGE",      "REBIND",     "REPORT",     "SEARCH",
      "SOURCE", "SUBSCRIBE", "UNBIND",    "UNLINK",     "UNLOCK",     "UNSUBSCRIBE"};
  return *methods;
}

bool IsServedMethod(absl::string_view text) {
  const std::vector<std::string>& methods = ServedMethods();
  return std::any_of(methods.begin(), methods.end(),
                     [&](const std::string& method) { return method == text; });
}

}  // namespace mantlet::config
