#include "proxy/upstream/connection.h"

#include <string>
#include <utility>

namespace mantlet::upstream {

using base::ErrorReason;
using base::ProxyError;

namespace {

// A read of less than this has emptied the socket. More is a bulk transfer, whose segments
// the kernel acknowledges as they come.
constexpr size_t kBulkBytes = 16 * 1024;

}  // namespace

Connection::Connection(std::unique_ptr<io::Stream> stream, const http1::ParserLimits& limits)
    : stream_(std::move(stream)), parser_(limits), idle_timer_([this] {
        if (on_lost_) on_lost_();
      }) {
  stream_->SetHandler(this);
  stream_->SetReading(true);
}

void Connection::Begin(User* user, http::Method method, bool upgrade_asked) {
  user_ = user;
  on_lost_ = nullptr;
  reusable_ = response_begun_ = false;
  ++exchanges_;
  parser_.Begin(method, upgrade_asked);
}

void Connection::OnRetired() {
  user_ = nullptr;
  on_lost_ = nullptr;
  if (stream_ != nullptr) stream_->Close();
}

void Connection::SetIdle(std::function<void()> on_lost) {
  user_ = nullptr;
  on_lost_ = std::move(on_lost);
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
      Lost(ProxyError(ErrorReason::kProtocolError, std::string(result.error.reason)));
      return;
  }
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
  } else if (on_lost_) {
    on_lost_();
  }
}

}  // namespace mantlet::upstream
