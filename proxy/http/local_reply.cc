#include "proxy/http/local_reply.h"

#include "proxy/http/status.h"

namespace mantlet::http {

std::string LocalReplyContent(int status, std::string_view text) {
  std::string content(kLocalReplyPrefix);
  return content.append(text.empty() ? ReasonPhrase(status) : text).append("\n");
}

}  // namespace mantlet::http
