#include "proxy/http1/field_line.h"

#include "proxy/http/tokens.h"
#include "proxy/http1/section_scanner.h"

namespace mantlet::http1 {

using http::HeaderId;

FieldLine ReadPlainField(std::string_view bytes) {
  size_t colon = 0;
  while (colon < bytes.size() && http::IsTokenChar(bytes[colon])) ++colon;
  if (colon == 0 || colon == bytes.size() || bytes[colon] != ':') return {};
  const size_t begin = colon + 1;
  const size_t end = begin + PlainPrefix(bytes.substr(begin));
  if (bytes.substr(end, 2) != "\r\n") return {};
  return {bytes.substr(0, end + 2), bytes.substr(0, colon),
          http::TrimBlanks(bytes.substr(begin, end - begin))};
}

bool DecidesFraming(HeaderId id) {
  switch (id) {
    case HeaderId::kConnection:
    case HeaderId::kProxyConnection:
    case HeaderId::kContentLength:
    case HeaderId::kTransferEncoding:
    case HeaderId::kUpgrade:
      return true;
    default:
      return false;
  }
}

}  // namespace mantlet::http1
