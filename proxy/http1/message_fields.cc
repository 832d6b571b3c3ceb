#include "proxy/http1/message_fields.h"

#include "proxy/http/request_rules.h"
#include "proxy/http/tokens.h"

namespace mantlet::http1 {

using base::ErrorReason;
using http::HeaderId;

std::optional<ParseError> ReadFraming(const http::HeaderList& headers, http::Version version,
                                      http::Framing* framing) {
  *framing = {};
  if (!headers.Has(HeaderId::kTransferEncoding) && !headers.Has(HeaderId::kContentLength)) {
    return std::nullopt;
  }
  std::string_view coding;
  std::string_view length;
  int codings = 0;
  int lengths = 0;
  for (const http::HeaderView field : headers) {
    if (field.id == HeaderId::kTransferEncoding) {
      coding = field.value;
      ++codings;
    } else if (field.id == HeaderId::kContentLength) {
      length = field.value;
      ++lengths;
    }
  }
  if (codings > 0 && lengths > 0) {
    return ParseError{ErrorReason::kBadRequest, "both Transfer-Encoding and Content-Length"};
  }
  if (codings > 1) return ParseError{ErrorReason::kBadRequest, "more than one Transfer-Encoding"};
  if (lengths > 1) return ParseError{ErrorReason::kBadRequest, "more than one Content-Length"};
  if (codings == 1) {
    if (version == http::Version::kHttp10)
      return ParseError{ErrorReason::kBadRequest, "Transfer-Encoding in HTTP/1.0"};
    if (!http::EqualsIgnoreCase(coding, "chunked")) {
      return ParseError{ErrorReason::kBadRequest, "Transfer-Encoding other than chunked"};
    }
    framing->kind = http::Framing::Kind::kChunked;
  } else if (lengths == 1) {
    const std::optional<uint64_t> value = http::ParseContentLength(length);
    if (!value) return ParseError{ErrorReason::kBadRequest, "malformed Content-Length"};
    framing->kind = http::Framing::Kind::kContentLength;
    framing->length = *value;
  }
  return std::nullopt;
}

ConnectionOptions ReadConnectionOptions(const http::HeaderList& headers) {
  ConnectionOptions options;
  if (!headers.Has(HeaderId::kConnection)) return options;
  for (const http::HeaderView field : headers) {
    if (field.id != HeaderId::kConnection) continue;
    http::ForEachListItem(field.value, [&](std::string_view option) {
      ++options.count;
      options.close |= http::EqualsIgnoreCase(option, "close");
      options.keep_alive |= http::EqualsIgnoreCase(option, "keep-alive");
      options.upgrade |= http::EqualsIgnoreCase(option, "upgrade");
    });
  }
  return options;
}

bool IsPersistent(const ConnectionOptions& options, http::Version version) {
  if (options.close) return false;
  return version == http::Version::kHttp11 || options.keep_alive;
}

}  // namespace mantlet::http1
