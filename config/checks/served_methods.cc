#include "config/checks/served_methods.h"

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/str_split.h"

namespace mantlet::config {

const std::vector<std::string>& KnownMethods() {
  static const auto* methods = new std::vector<std::string>(absl::StrSplit(
      "GET HEAD POST PUT DELETE OPTIONS TRACE PATCH QUERY ACL BAN BASELINE-CONTROL BIND CHECKIN "
      "CHECKOUT COPY DEBUG LABEL LINK LIST LOCK M-SEARCH MERGE MKACTIVITY MKCALENDAR MKCOL "
      "MKREDIRECTREF MKWORKSPACE MOVE NOTIFY ORDERPATCH PROPFIND PROPPATCH PURGE REBIND REFRESH "
      "REPORT SEARCH SOURCE SUBSCRIBE UNBIND UNCHECKOUT UNLINK UNLOCK UNSUBSCRIBE UPDATE "
      "UPDATEREDIRECTREF VERSION-CONTROL",
      ' '));
  return *methods;
}

bool IsKnownMethod(absl::string_view text) {
  const std::vector<std::string>& methods = KnownMethods();
  return std::any_of(methods.begin(), methods.end(),
                     [&](const std::string& method) { return method == text; });
}

bool IsServedMethod(absl::string_view text) {
  const bool upper_case = std::none_of(text.begin(), text.end(), absl::ascii_islower);
  return upper_case && text != "CONNECT" && text != "PRI";
}

}  // namespace mantlet::config
