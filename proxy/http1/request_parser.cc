#include "proxy/http1/request_parser.h"

#include <algorithm>
#include <optional>
#include <string>

#include "proxy/http/authority.h"
#include "proxy/http/request_rules.h"
#include "proxy/http/tokens.h"
#include "proxy/http1/message_fields.h"
#include "proxy/http1/message_reader.h"
#include "proxy/http1/request_line.h"

namespace mantlet::http1 {

using base::ErrorReason;

namespace {

using http::HeaderId;

// The largest number of empty lines before a request.
constexpr int kMaxEmptyLines = 4;

}  // namespace

class RequestParser::Impl : private MessageReader {
 public:
  explicit Impl(const ParserLimits& limits)
      : MessageReader(MessageKind::kRequest, limits, head_.target, no_reason_, head_.headers) {}

  ParseResult Parse(std::string_view bytes, http::RequestSink& sink);
  bool Idle() const { return idle(); }
  http::RequestHead& head() { return head_; }
  bool IsReset() const { return idle() && empty_lines_ == 0 && !empty_line_cr_; }
  void Reset(const ParserLimits& limits) {
    head_.Reset();
    set_limits(limits);
  }

 private:
  void OnMessageBegin() override { head_.Reset(); }
  std::optional<ParseError> OnStartLine(std::string_view line) override {
    if (auto error = CheckRequestLine(line, limits().target_bytes)) return error;
    head_.method_text.assign(line.substr(0, line.find(' ')));
    return std::nullopt;
  }
  HeadVerdict OnHead(const LlhttpParser& parser) override;
  void OnBody(std::string_view piece) override { sink_->OnRequestBody(piece); }
  void OnTrailers(const http::HeaderList& trailers) override { sink_->OnRequestTrailers(trailers); }
  void OnEnd() override { sink_->OnRequestEnd(); }

  std::optional<ParseError> SkipEmptyLines(std::string_view& bytes);
  std::optional<ParseError> ValidateHead(const LlhttpParser& parser);
  std::optional<ParseError> ReadHost();
  std::optional<ParseError> ReadExpect();
  void ReadUpgrade(const ConnectionOptions& options);
  std::string_view WhyNoUpgrade(const ConnectionOptions& options) const;

  http::RequestHead head_;
  std::string no_reason_;
  http::RequestSink* sink_ = nullptr;  // during Parse() only
  int empty_lines_ = 0;
  bool empty_line_cr_ = false;
};

ParseResult RequestParser::Impl::Parse(std::string_view bytes, http::RequestSink& sink) {
  std::string_view rest = bytes;
  if (idle()) {
    if (const auto error = SkipEmptyLines(rest)) return Fail(*error);
  }
  sink_ = &sink;
  ParseResult result = Read(rest);
  sink_ = nullptr;
  result.consumed += bytes.size() - rest.size();
  return result;
}

std::optional<ParseError> RequestParser::Impl::SkipEmptyLines(std::string_view& bytes) {
  while (!bytes.empty()) {
    if (empty_line_cr_) {
      if (bytes.front() != '\n') return ParseError{ErrorReason::kBadRequest, "CR without LF"};
      empty_line_cr_ = false;
      ++empty_lines_;
    } else if (bytes.front() == '\r') {
      if (empty_lines_ == kMaxEmptyLines)
        return ParseError{ErrorReason::kBadRequest, "too many empty lines"};
      empty_line_cr_ = true;
    } else {
      empty_lines_ = 0;
      return std::nullopt;
    }
    bytes.remove_prefix(1);
  }
  return std::nullopt;
}

MessageReader::HeadVerdict RequestParser::Impl::OnHead(const LlhttpParser& parser) {
  HeadVerdict verdict;
  verdict.error = ValidateHead(parser);
  if (verdict.error) return verdict;
  sink_->OnRequestHead(head_);
  verdict.framing = head_.framing;
  return verdict;
}

std::optional<ParseError> RequestParser::Impl::ValidateHead(const LlhttpParser& parser) {
  head_.method = http::ParseMethod(head_.method_text);
  head_.version = parser.is_http10() ? http::Version::kHttp10 : http::Version::kHttp11;
  if (auto error = SplitTarget(head_.method, &head_.target, &head_.authority)) return error;
  if (auto error = ReadHost()) return error;
  if (auto error = ReadFraming(head_.headers, head_.version, &head_.framing)) return error;
  if (limits().body_bytes != 0 && head_.framing.length > limits().body_bytes) {
    return ParseError{ErrorReason::kContentTooLarge, "request content too large"};
  }
  if (auto error = ReadExpect()) return error;
  const ConnectionOptions options = ReadConnectionOptions(head_.headers);
  if (options.count > kMaxConnectionOptions)
    return ParseError{ErrorReason::kBadRequest, "too many Connection options"};
  head_.keep_alive = IsPersistent(options, head_.version);
  ReadUpgrade(options);
  return std::nullopt;
}

std::optional<ParseError> RequestParser::Impl::ReadHost() {
  std::optional<std::string_view> host;
  for (const http::HeaderView field : head_.headers) {
    if (field.id != HeaderId::kHost) continue;
    if (host) return ParseError{ErrorReason::kBadRequest, "more than one Host"};
    host = field.value;
  }
  if (!host) {
    if (head_.version == http::Version::kHttp10) return std::nullopt;
    return ParseError{ErrorReason::kBadRequest, "no Host"};
  }
  if (!http::IsValidAuthority(*host)) return ParseError{ErrorReason::kBadRequest, "malformed Host"};
  if (head_.authority.empty()) head_.authority.assign(*host);
  return std::nullopt;
}

std::optional<ParseError> RequestParser::Impl::ReadExpect() {
  if (!head_.headers.Has(HeaderId::kExpect)) return std::nullopt;
  for (const http::HeaderView field : head_.headers) {
    if (field.id != HeaderId::kExpect) continue;
    if (!http::EqualsIgnoreCase(field.value, "100-continue")) {
      return ParseError{ErrorReason::kExpectationFailed, "unknown expectation"};
    }
    // RFC 9110 section 10.1.1: the expectation has no meaning in HTTP/1.0 and without content.
    head_.expect_continue = head_.version == http::Version::kHttp11 && head_.framing.has_body();
  }
  return std::nullopt;
}

void RequestParser::Impl::ReadUpgrade(const ConnectionOptions& options) {
  if (!head_.headers.Has(HeaderId::kUpgrade)) return;
  head_.upgrade_ignored = WhyNoUpgrade(options);
  if (head_.upgrade_ignored.empty()) head_.upgrade.assign(*head_.headers.Find(HeaderId::kUpgrade));
}

// Returns why an Upgrade is ignored (RFC 9110 section 7.8); empty if it is not.
std::string_view RequestParser::Impl::WhyNoUpgrade(const ConnectionOptions& options) const {
  if (head_.version == http::Version::kHttp10) return "the request is HTTP/1.0";
  if (!options.upgrade) return "Connection does not list Upgrade";
  const std::string_view protocol = *head_.headers.Find(HeaderId::kUpgrade);
  if (head_.headers.Count(HeaderId::kUpgrade) != 1 || protocol.find(',') != protocol.npos) {
    return "the request offers more than one protocol";
  }
  if (!http::IsTunnelable(protocol)) return "HTTP and TLS are not tunnelled";
  return {};
}

RequestParser::RequestParser(const ParserLimits& limits) : impl_(std::make_unique<Impl>(limits)) {}
RequestParser::~RequestParser() = default;

ParseResult RequestParser::Parse(std::string_view bytes, http::RequestSink& sink) {
  return impl_->Parse(bytes, sink);
}
bool RequestParser::Idle() const { return impl_->Idle(); }
bool RequestParser::IsReset() const { return impl_->IsReset(); }
void RequestParser::Reset(const ParserLimits& limits) { impl_->Reset(limits); }
const http::RequestHead& RequestParser::head() const { return impl_->head(); }
http::RequestHead& RequestParser::head() { return impl_->head(); }

}  // namespace mantlet::http1
