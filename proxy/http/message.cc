#include "proxy/http/message.h"

namespace mantlet::http {

std::string_view VersionName(Version version) {
  return version == Version::kHttp10 ? "HTTP/1.0" : "HTTP/1.1";
}

void RequestHead::Reset() {
  method = Method::kGet;
  method_text.clear();
  target.clear();
  authority.clear();
  version = Version::kHttp11;
  framing = {};
  keep_alive = true;
  expect_continue = false;
  upgrade.clear();
  upgrade_ignored = {};
  headers.Clear();
}

void ResponseHead::Reset() {
  status = 0;
  reason.clear();
  version = Version::kHttp11;
  framing = {};
  keep_alive = true;
  headers.Clear();
}

}  // namespace mantlet::http
