#include "proxy/http/message.h"

namespace mantlet::http {

std::string_view VersionName(Version version) {
  switch (version) {
    case Version::kHttp10:
      return "HTTP/1.0";
    case Version::kHttp11:
      return "HTTP/1.1";
    case Version::kHttp2:
      return "HTTP/2";
  }
  return "";
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
  grpc = false;
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
