#include "proxy/http1/response_parser.h"

#include <optional>
#include <string>

#include "proxy/http/status.h"
#include "proxy/http1/message_fields.h"
#include "proxy/http1/message_reader.h"

namespace mantlet::http1 {

using base::ErrorReason;

namespace {

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

// The parsing code shared with requests reports a fault of the client; in a response every fault is
// the upstream's.
ErrorReason ReasonOf(const ParseError& error) {
  return error.limit == ExceededLimit::kNone ? ErrorReason::kProtocolError
                                             : ErrorReason::kHeadTooLarge;
}

// Checks the status line (RFC 9112 section 4). The space before an empty phrase may be missing:
// that is common and has only one reading.
std::optional<ParseError> CheckStatusLine(std::string_view line) {
  const std::string_view version = line.substr(0, 9);
  if (version != "HTTP/1.1 " && version != "HTTP/1.0 ") {
    return ParseError{ErrorReason::kProtocolError, "the upstream does not answer in HTTP/1"};
  }
  const std::string_view rest = line.substr(9);
  const bool code =
      rest.size() >= 3 && rest[0] >= '1' && rest[0] <= '5' && IsDigit(rest[1]) && IsDigit(rest[2]);
  if (!code || (rest.size() > 3 && rest[3] != ' ')) {
    return ParseError{ErrorReason::kProtocolError, "malformed status line"};
  }
  return std::nullopt;
}

}  // namespace

class ResponseParser::Impl : private MessageReader {
 public:
  explicit Impl(const ParserLimits& limits)
      : MessageReader(MessageKind::kResponse, limits, no_target_, head_.reason, head_.headers) {}

  void Begin(http::Method method, bool upgrade_asked) {
    request_method_ = method;
    upgrade_asked_ = upgrade_asked;
    begun_ = true;
    set_idle();
  }
  ParseResult Parse(std::string_view bytes, http::ResponseSink& sink);
  ParseResult OnEof(http::ResponseSink& sink);
  bool Idle() const { return begun_ && idle(); }
  http::ResponseHead& head() { return head_; }

 private:
  void OnMessageBegin() override { head_.Reset(); }
  std::optional<ParseError> OnStartLine(std::string_view line) override {
    return CheckStatusLine(line);
  }
  HeadVerdict OnHead(const LlhttpParser& parser) override;
  void OnBody(std::string_view piece) override { sink_->OnResponseBody(piece); }
  void OnTrailers(const http::HeaderList& trailers) override {
    sink_->OnResponseTrailers(trailers);
  }
  void OnEnd() override { sink_->OnResponseEnd(); }

  HeadVerdict ValidateInterim();
  std::optional<ParseError> ValidateFinal();
  ParseResult Finish(ParseResult result);

  http::ResponseHead head_;
  std::string no_target_;
  http::Method request_method_ = http::Method::kGet;
  bool upgrade_asked_ = false;
  bool begun_ = false;  // a response is expected or in progress
  int interim_responses_ = 0;
  http::ResponseSink* sink_ = nullptr;  // during a call only
};

ParseResult ResponseParser::Impl::Finish(ParseResult result) {
  sink_ = nullptr;
  if (result.status == ParseResult::Status::kMessageEnd) {
    begun_ = false;
    interim_responses_ = 0;
  }
  // Every error in a response is the upstream's fault.
  if (result.status == ParseResult::Status::kError) result.error.reason = ReasonOf(result.error);
  return result;
}

ParseResult ResponseParser::Impl::Parse(std::string_view bytes, http::ResponseSink& sink) {
  if (!begun_ && !bytes.empty())
    return Finish(Fail({ErrorReason::kProtocolError, "response without a request"}));
  sink_ = &sink;
  return Finish(Read(bytes));
}

ParseResult ResponseParser::Impl::OnEof(http::ResponseSink& sink) {
  sink_ = &sink;
  return Finish(ReadEof());
}

MessageReader::HeadVerdict ResponseParser::Impl::OnHead(const LlhttpParser& parser) {
  head_.status = parser.status();
  head_.version = parser.is_http10() ? http::Version::kHttp10 : http::Version::kHttp11;
  if (http::IsInterim(head_.status)) return ValidateInterim();
  HeadVerdict verdict;
  verdict.error = ValidateFinal();
  if (verdict.error) return verdict;
  verdict.framing = head_.framing;
  sink_->OnResponseHead(head_);
  return verdict;
}

MessageReader::HeadVerdict ResponseParser::Impl::ValidateInterim() {
  // No application needs more; an endless stream of them would keep a request open for ever.
  constexpr int kMaxInterimResponses = 32;
  HeadVerdict verdict;
  verdict.interim = true;
  if (++interim_responses_ > kMaxInterimResponses) {
    verdict.error = ParseError{ErrorReason::kProtocolError, "too many interim responses"};
    return verdict;
  }
  sink_->OnInterimResponse(head_);
  return verdict;
}

std::optional<ParseError> ResponseParser::Impl::ValidateFinal() {
  const ConnectionOptions options = ReadConnectionOptions(head_.headers);
  if (options.count > kMaxConnectionOptions)
    return ParseError{ErrorReason::kProtocolError, "too many Connection options"};
  head_.keep_alive = IsPersistent(options, head_.version);
  if (head_.status == 101) {
    if (!upgrade_asked_)
      return ParseError{ErrorReason::kProtocolError, "101 without a request for an upgrade"};
    if (head_.version == http::Version::kHttp10 || !options.upgrade ||
        !head_.headers.Find(http::HeaderId::kUpgrade)) {
      return ParseError{ErrorReason::kProtocolError, "malformed 101"};
    }
    return std::nullopt;
  }
  http::Framing framing;
  if (auto error = ReadFraming(head_.headers, head_.version, &framing)) return error;
  const bool bodyless =
      request_method_ == http::Method::kHead || head_.status == 204 || head_.status == 304;
  if (bodyless) return std::nullopt;
  head_.framing = framing;
  if (framing.kind == http::Framing::Kind::kNone) {
    head_.framing.kind = http::Framing::Kind::kUntilClose;
    head_.keep_alive = false;
  }
  return std::nullopt;
}

ResponseParser::ResponseParser(const ParserLimits& limits)
    : impl_(std::make_unique<Impl>(limits)) {}
ResponseParser::~ResponseParser() = default;

void ResponseParser::Begin(http::Method request_method, bool upgrade_asked) {
  impl_->Begin(request_method, upgrade_asked);
}
ParseResult ResponseParser::Parse(std::string_view bytes, http::ResponseSink& sink) {
  return impl_->Parse(bytes, sink);
}
ParseResult ResponseParser::OnEof(http::ResponseSink& sink) { return impl_->OnEof(sink); }
bool ResponseParser::Idle() const { return impl_->Idle(); }
const http::ResponseHead& ResponseParser::head() const { return impl_->head(); }
http::ResponseHead& ResponseParser::head() { return impl_->head(); }

}  // namespace mantlet::http1
