#include "proxy/http2/response_reader.h"

#include <cstdint>
#include <string>

#include "absl/strings/str_cat.h"
#include "proxy/http/forwarding.h"
#include "proxy/http/request_rules.h"
#include "proxy/http/status.h"

namespace mantlet::http2 {

using base::ErrorReason;
using base::ProxyError;
using http::Framing;
using http::HeaderId;

namespace {

// Colon, blank and line end of a field in HTTP/1.
constexpr size_t kFieldOverhead = 4;

ProxyError TooLarge(std::string_view what, std::string_view key, size_t limit) {
  return ProxyError(ErrorReason::kHeadTooLarge,
                    absl::StrCat(std::string(what), ": more than ", std::string(key), ", ", limit));
}

}  // namespace

void ResponseReader::Begin(http::ResponseHead& head, const ResponseLimits& limits) {
  BeginTrailers(head.headers, limits);
  head.Reset();
  head.version = http::Version::kHttp2;
  head_ = &head;
}

void ResponseReader::BeginTrailers(http::HeaderList& trailers, const ResponseLimits& limits) {
  trailers.Clear();
  head_ = nullptr;
  fields_ = &trailers;
  limits_ = &limits;
  bytes_ = count_ = 0;
}

std::optional<ProxyError> ResponseReader::Add(std::string_view name, std::string_view value) {
  bytes_ += name.size() + value.size() + kFieldOverhead;
  if (bytes_ > limits_->header_bytes) {
    return TooLarge("header section too large", limits_->header_bytes_key, limits_->header_bytes);
  }
  if (name.front() == ':') {
    // nghttp2 allows no pseudo-header field but :status, of three digits.
    if (head_ == nullptr) return std::nullopt;
    for (const char digit : value) head_->status = head_->status * 10 + (digit - '0');
    return std::nullopt;
  }
  if (++count_ > limits_->header_count) {
    return TooLarge("too many header fields", limits_->header_count_key, limits_->header_count);
  }
  fields_->Add(name, value);
  return std::nullopt;
}

std::optional<ProxyError> ResponseReader::FinishHead(http::Method method, bool last) {
  if (head_->status < 100 || head_->status > 599) {
    return ProxyError(ErrorReason::kProtocolError, "malformed :status");
  }
  // HTTP/2 has no reason phrase, and an HTTP/1 client expects one.
  head_->reason.assign(http::ReasonPhrase(head_->status));
  head_->framing = {};
  if (http::IsBodyless(*head_, method)) return std::nullopt;
  const auto text = head_->headers.Find(HeaderId::kContentLength);
  if (text) {
    // nghttp2 compares it with the content.
    const std::optional<uint64_t> length = http::ParseContentLength(*text);
    if (!length || head_->headers.Count(HeaderId::kContentLength) > 1) {
      return ProxyError(ErrorReason::kProtocolError, "malformed Content-Length");
    }
    head_->framing = {Framing::Kind::kContentLength, *length};
  } else if (!last) {
    head_->framing.kind = Framing::Kind::kChunked;
  }
  return std::nullopt;
}

}  // namespace mantlet::http2
