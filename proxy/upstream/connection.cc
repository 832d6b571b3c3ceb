#include "proxy/upstream/connection.h"

#include <algorithm>
#include <string>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"

namespace mantlet::upstream {

using base::ErrorReason;
using base::ProxyError;

namespace {

// A read of less than this has emptied the socket. More is a bulk transfer, whose segments
// the kernel acknowledges as they come.
constexpr size_t kBulkBytes = 16 * 1024;

http1::ParserLimits LimitsOf(const config::UpstreamLimits& limits) {
  http1::ParserLimits parser;
  parser.header_bytes = limits.header_bytes;
  parser.header_count = limits.header_count;
  return parser;
}

}  // namespace

Connection::Connection(std::unique_ptr<io::Stream> stream, const io::SocketAddress& address,
                       const config::UpstreamLimits& limits)
    : stream_(std::move(stream)), address_(address), limits_(limits), parser_(LimitsOf(limits)) {
  stream_->SetHandler(this);
  stream_->SetReading(true);
}

void Connection::Begin(User* user, http::Method method, bool upgrade_asked) {
  user_ = user;
  keeper_ = nullptr;
  reusable_ = response_begun_ = false;
  ++exchanges_;
  parser_.Begin(method, upgrade_asked);
}

void Connection::OnRetired() {
  user_ = nullptr;
  keeper_ = nullptr;
  if (stream_ != nullptr) stream_->Close();
}

void Connection::SetIdle(Keeper* keeper, int64_t now_ms, int64_t limit_ms) {
  user_ = nullptr;
  keeper_ = keeper;
  idle_since_ms_ = now_ms;
  idle_limit_ms_ = limit_ms;
  was_idle_ = true;
}

std::optional<int64_t> Connection::announced_idle_ms() const {
  if (!response_begun_) return std::nullopt;
  const std::optional<std::string_view> field =
      parser_.head().headers.Find(http::HeaderId::kKeepAlive);
  if (!field) return std::nullopt;
  for (std::string_view rest = *field; !rest.empty();) {
    const std::string_view parameter = rest.substr(0, rest.find(','));
    rest.remove_prefix(std::min(parameter.size() + 1, rest.size()));
    const size_t equals = parameter.find('=');
    if (equals == parameter.npos) continue;
    const std::string_view before = parameter.substr(0, equals);
    const absl::string_view name =
        absl::StripAsciiWhitespace(absl::string_view(before.data(), before.size()));
    if (!absl::EqualsIgnoreCase(name, "timeout")) continue;
    const absl::string_view value(parameter.data() + equals + 1, parameter.size() - equals - 1);
    uint32_t seconds = 0;
    if (absl::SimpleAtoi(absl::StripAsciiWhitespace(value), &seconds)) {
      return int64_t{seconds} * 1000;
    }
  }
  return std::nullopt;
}

std::unique_ptr<io::ByteStream> Connection::TakeStream() {
  user_ = nullptr;
  stream_->SetHandler(nullptr);
  return std::move(stream_);
}

void Connection::OnData(std::string_view bytes) {
  if (user_ == nullptr) {
    // Nobody asked for anything. What an idle connection says (a 408, say) must
    // not be taken for the answer to the next request.
    Lost(ProxyError(ErrorReason::kProtocolError, "bytes without a request"));
    return;
  }
  response_begun_ = true;
  http1::ParseResult result = parser_.Parse(bytes, *this);
  if (user_ == nullptr) return;  // the exchange gave up inside a callback
  switch (result.status) {
    case http1::ParseResult::Status::kNeedMore:
      // Whoever writes head and body apart waits for this (Nagle's algorithm).
      if (bytes.size() < kBulkBytes) stream_->QuickAck();
      user_->OnResponsePause();
      return;
    case http1::ParseResult::Status::kMessageEnd: {
      std::string_view rest = bytes.substr(result.consumed);
      reusable_ = rest.empty() && parser_.head().keep_alive;
      user_->OnResponseEnd(rest);
      return;
    }
    case http1::ParseResult::Status::kError:
      Lost(ErrorOf(result.error));
      return;
  }
}

// The limits are mantlet's own, so the detail names the key of the one that is exceeded.
ProxyError Connection::ErrorOf(const http1::ParseError& error) const {
  std::string detail(error.detail);
  if (error.limit == http1::ExceededLimit::kHeaderBytes) {
    absl::StrAppend(&detail, ": more than upstreams[].limits.header_bytes, ", limits_.header_bytes);
  } else if (error.limit == http1::ExceededLimit::kHeaderCount) {
    absl::StrAppend(&detail, ": more than upstreams[].limits.header_count, ", limits_.header_count);
  }
  return ProxyError(error.reason, std::move(detail));
}

void Connection::OnEnd() {
  reusable_ = false;
  if (user_ == nullptr) {
    Lost(ProxyError(ErrorReason::kClosedEarly));
    return;
  }
  http1::ParseResult result = parser_.OnEof(*this);
  if (user_ == nullptr) return;
  if (result.status == http1::ParseResult::Status::kMessageEnd) {
    user_->OnResponseEnd({});
    return;
  }
  Lost(ProxyError(ErrorReason::kClosedEarly,
                  response_begun_ ? "the upstream closed the connection within its response"
                                  : "the upstream closed the connection without a response"));
}

void Connection::OnStreamError(const io::StreamError& error) {
  Lost(ProxyError(ErrorReason::kReset, error.detail));
}

void Connection::OnDrained() {
  if (user_ != nullptr) user_->OnUpstreamDrained();
}

void Connection::Lost(ProxyError error) {
  reusable_ = false;
  if (User* user = std::exchange(user_, nullptr)) {
    user->OnUpstreamError(std::move(error));
  } else if (keeper_ != nullptr) {
    keeper_->OnIdleLost(this);
  }
}

}  // namespace mantlet::upstream
