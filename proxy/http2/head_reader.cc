#include "proxy/http2/head_reader.h"

#include "proxy/http/authority.h"
#include "proxy/http/grpc.h"
#include "proxy/http/request_rules.h"
#include "proxy/http/tokens.h"

namespace mantlet::http2 {

using base::ErrorReason;
using base::ProxyError;
using http::Framing;
using http::HeaderId;

namespace {

// Colon, blank and line end of a field in HTTP/1.
constexpr size_t kFieldOverhead = 4;
// A section that is over limits.header_bytes is read on to this many times that, so that the
// client gets its 431; then its stream is reset.
constexpr size_t kHopelessFactor = 4;

std::optional<ProxyError> Refuse(ErrorReason reason, std::string_view detail) {
  return ProxyError::OfRequest(reason, detail);
}

}  // namespace

void HeadReader::Begin(http::RequestHead& head, const HeadLimits& limits) {
  head.Reset();
  head.version = http::Version::kHttp2;
  head_ = &head;
  fields_ = &head.headers;
  limits_ = limits;
  cookie_.clear();
  protocol_.clear();
  bytes_ = count_ = 0;
}

void HeadReader::BeginTrailers(http::HeaderList& trailers, const HeadLimits& limits) {
  trailers.Clear();
  head_ = nullptr;
  fields_ = &trailers;
  limits_ = limits;
  bytes_ = count_ = 0;
}

bool HeadReader::Add(std::string_view name, std::string_view value) {
  bytes_ += name.size() + value.size() + kFieldOverhead;
  ++count_;
  if (bytes_ > limits_.header_bytes || count_ > limits_.header_count) {
    return bytes_ <= kHopelessFactor * limits_.header_bytes &&
           count_ <= kHopelessFactor * limits_.header_count;
  }
  if (name.front() == ':') {
    AddPseudo(name, value);
  } else {
    AddField(name, value);
  }
  return true;
}

void HeadReader::AddPseudo(std::string_view name, std::string_view value) {
  if (head_ == nullptr) return;
  --count_;  // limits.header_count counts fields, and HTTP/1 has these in the request line
  if (name == ":method") {
    head_->method_text.assign(value);
  } else if (name == ":path") {
    head_->target.assign(value);
  } else if (name == ":authority") {
    head_->authority.assign(value);
  } else if (name == ":protocol") {
    protocol_.assign(value);
  }
}

// RFC 9113 section 8.2.3: crumbs of one Cookie are joined before they reach HTTP/1.
void HeadReader::AddField(std::string_view name, std::string_view value) {
  if (head_ != nullptr && name == "cookie") {
    if (!cookie_.empty()) cookie_.append("; ");
    cookie_.append(value);
    return;
  }
  fields_->Add(name, value);
}

std::optional<ProxyError> HeadReader::CheckSize() const {
  if (bytes_ > limits_.header_bytes) {
    return Refuse(ErrorReason::kHeaderTooLarge, "header section too large");
  }
  if (count_ > limits_.header_count) {
    return Refuse(ErrorReason::kHeaderTooLarge, "too many header fields");
  }
  return std::nullopt;
}

std::optional<ProxyError> HeadReader::FinishTrailers() { return CheckSize(); }

std::optional<ProxyError> HeadReader::Finish(bool last) {
  if (!cookie_.empty()) head_->headers.Add("cookie", cookie_);
  head_->method = http::ParseMethod(head_->method_text);
  head_->grpc = http::IsGrpc(head_->headers.Find(HeaderId::kContentType).value_or(""));
  if (auto error = CheckSize()) return error;
  if (!protocol_.empty()) {
    if (auto error = ReadConnect()) return error;
  }
  if (const auto refusal = http::CheckMethod(head_->method_text)) {
    return Refuse(refusal->reason, refusal->detail);
  }
  if (auto error = ReadTarget()) return error;
  if (auto error = ReadAuthority()) return error;
  if (auto error = ReadFraming(last || head_->wants_upgrade())) return error;
  return ReadExpect();
}

std::optional<ProxyError> HeadReader::ReadTarget() {
  const std::string& target = head_->target;
  if (target.size() > limits_.target_bytes) {
    return Refuse(ErrorReason::kUriTooLong, ":path too long");
  }
  if (!http::IsTargetText(target)) return Refuse(ErrorReason::kBadRequest, "bad byte in :path");
  if (target == "*") {
    if (head_->method == http::Method::kOptions) return std::nullopt;
    return Refuse(ErrorReason::kBadRequest, ":path * without OPTIONS");
  }
  if (target.empty() || target.front() != '/') {
    return Refuse(ErrorReason::kBadRequest, ":path does not begin with /");
  }
  return std::nullopt;
}

// RFC 9113 section 8.3.1: Host must not say anything else than :authority.
std::optional<ProxyError> HeadReader::ReadAuthority() {
  std::optional<std::string_view> host;
  for (const http::HeaderView field : head_->headers) {
    if (field.id != HeaderId::kHost) continue;
    if (host) return Refuse(ErrorReason::kBadRequest, "more than one Host");
    host = field.value;
  }
  if (head_->authority.empty() && host) {
    head_->authority.assign(*host);
  } else if (host && !http::EqualsIgnoreCase(*host, head_->authority)) {
    return Refuse(ErrorReason::kBadRequest, "Host differs from :authority");
  }
  if (head_->authority.empty()) return Refuse(ErrorReason::kBadRequest, "no :authority");
  if (!http::IsValidAuthority(head_->authority)) {
    return Refuse(ErrorReason::kBadRequest, "malformed :authority");
  }
  return std::nullopt;
}

// The content of a request without Content-Length is chunked where it becomes HTTP/1.
std::optional<ProxyError> HeadReader::ReadFraming(bool last) {
  head_->framing = {};
  const std::optional<std::string_view> text = head_->headers.Find(HeaderId::kContentLength);
  if (!text) {
    if (!last) {
      head_->framing.kind = Framing::Kind::kChunked;
    } else if (head_->method == http::Method::kPost || head_->method == http::Method::kPut ||
               head_->method == http::Method::kPatch) {
      // RFC 9110 section 8.6: HTTP/1 servers expect it of these methods.
      head_->framing.kind = Framing::Kind::kContentLength;
    }
    return std::nullopt;
  }
  if (head_->headers.Count(HeaderId::kContentLength) > 1) {
    return Refuse(ErrorReason::kBadRequest, "more than one Content-Length");
  }
  const std::optional<uint64_t> length = http::ParseContentLength(*text);
  if (!length) return Refuse(ErrorReason::kBadRequest, "malformed Content-Length");
  if (last && *length > 0) {
    return Refuse(ErrorReason::kBadRequest, "Content-Length without content");
  }
  if (limits_.body_bytes != 0 && *length > limits_.body_bytes) {
    return Refuse(ErrorReason::kContentTooLarge, "request content too large");
  }
  head_->framing = {Framing::Kind::kContentLength, *length};
  return std::nullopt;
}

std::optional<ProxyError> HeadReader::ReadExpect() {
  if (!head_->headers.Has(HeaderId::kExpect)) return std::nullopt;
  for (const http::HeaderView field : head_->headers) {
    if (field.id != HeaderId::kExpect) continue;
    if (!http::EqualsIgnoreCase(field.value, "100-continue")) {
      return Refuse(ErrorReason::kExpectationFailed, "unknown expectation");
    }
    head_->expect_continue = head_->framing.has_body();
  }
  return std::nullopt;
}

// RFC 8441 section 4: the tunnel is a GET with Upgrade where it becomes HTTP/1.
std::optional<ProxyError> HeadReader::ReadConnect() {
  if (head_->method_text != "CONNECT") {
    return Refuse(ErrorReason::kBadRequest, ":protocol without CONNECT");
  }
  if (!http::IsTunnelable(protocol_)) {
    return Refuse(ErrorReason::kNotImplemented, "HTTP and TLS are not tunnelled");
  }
  head_->method_text = "GET";
  head_->method = http::Method::kGet;
  head_->upgrade = protocol_;
  return std::nullopt;
}

}  // namespace mantlet::http2
