#include "proxy/http1/client_codec.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "proxy/http1/body_writer.h"
#include "proxy/http1/head_writer.h"

namespace mantlet::http1 {

using base::ErrorReason;
using base::ProxyError;

namespace {

// A read of less than this has emptied the socket. A larger read is part of a bulk transfer, whose
// segments the kernel acknowledges as they arrive.
constexpr size_t kBulkBytes = 16 * 1024;

}  // namespace

ClientCodec::ClientCodec(std::unique_ptr<io::ByteStream> stream, io::BufferPool& buffers,
                         const Options& options)
    : stream_(std::move(stream)), buffers_(buffers), options_(options), parser_(options.limits) {
  stream_->SetHandler(this);
  stream_->SetReading(true);
}

void ClientCodec::WriteHead(const http::RequestHead& head,
                            const http::RequestForwarding& forwarding,
                            http::ResponseHandler& handler) {
  handler_ = &handler;
  clean_ = response_begun_ = request_complete_ = false;
  ++requests_;
  chunked_ = head.framing.kind == http::Framing::Kind::kChunked;
  parser_.Begin(head.method, forwarding.tunnel_upgrade);
  io::PooledBuffer text = buffers_.Acquire();
  AppendRequestHead(head, forwarding, *text);
  stream_->Write(*text);
}

void ClientCodec::WriteBody(std::string_view piece) { http1::WriteBody(*stream_, piece, chunked_); }

void ClientCodec::WriteEnd(const http::HeaderList& trailers) {
  request_complete_ = true;
  if (chunked_) WriteLastChunk(*stream_, trailers);
}

void ClientCodec::PauseResponse(bool paused) {
  response_paused_ = paused;
  stream_->SetReading(!paused);
}

http::UpgradedStream ClientCodec::TakeUpgraded() {
  handler_ = nullptr;
  clean_ = false;
  stream_->SetHandler(nullptr);
  return {std::move(stream_), std::move(upgraded_bytes_)};
}

bool ClientCodec::FinishRequest() {
  handler_ = nullptr;
  if (stream_ == nullptr) return false;
  if (response_paused_) PauseResponse(false);
  // An upstream that has answered early need not read the rest of the content, and the next request
  // would come after that content.
  return clean_ && request_complete_ && stream_->buffered() == 0;
}

void ClientCodec::Close() {
  handler_ = nullptr;
  observer_ = nullptr;
  if (stream_ != nullptr) stream_->Close();
}

void ClientCodec::OnData(std::string_view bytes) {
  if (handler_ == nullptr) {
    // Bytes on an idle connection, such as a 408, must not be read as the response to the next
    // request.
    Lost(ProxyError(ErrorReason::kProtocolError, "bytes without a request"));
    return;
  }
  response_begun_ = true;
  const ParseResult result = parser_.Parse(bytes, *this);
  if (handler_ == nullptr) return;  // a callback has ended the exchange
  switch (result.status) {
    case ParseResult::Status::kNeedMore:
      // An upstream that writes the head and the content separately waits for this acknowledgement
      // (Nagle's algorithm).
      if (bytes.size() < kBulkBytes) stream_->QuickAck();
      handler_->OnResponseFlush();
      return;
    case ParseResult::Status::kMessageEnd: {
      const std::string_view rest = bytes.substr(result.consumed);
      clean_ = rest.empty() && parser_.head().keep_alive;
      if (parser_.head().status == 101) upgraded_bytes_.assign(rest);
      handler_->OnResponseEnd();
      return;
    }
    case ParseResult::Status::kError:
      Lost(ErrorOf(result.error));
      return;
  }
}

ProxyError ClientCodec::ErrorOf(const ParseError& error) const {
  std::string detail(error.detail);
  if (error.limit == ExceededLimit::kHeaderBytes) {
    absl::StrAppend(&detail, ": more than ", std::string(options_.header_bytes_key), ", ",
                    options_.limits.header_bytes);
  } else if (error.limit == ExceededLimit::kHeaderCount) {
    absl::StrAppend(&detail, ": more than ", std::string(options_.header_count_key), ", ",
                    options_.limits.header_count);
  }
  return ProxyError(error.reason, std::move(detail));
}

void ClientCodec::OnEnd() {
  clean_ = false;
  if (handler_ == nullptr) {
    Lost(ProxyError(ErrorReason::kClosedEarly));
    return;
  }
  const ParseResult result = parser_.OnEof(*this);
  if (handler_ == nullptr) return;
  if (result.status == ParseResult::Status::kMessageEnd) {
    handler_->OnResponseEnd();
    return;
  }
  Lost(ProxyError(ErrorReason::kClosedEarly,
                  response_begun_ ? "the upstream closed the connection within its response"
                                  : "the upstream closed the connection without a response"));
}

void ClientCodec::OnStreamError(const io::StreamError& error) {
  Lost(ProxyError(ErrorReason::kReset, error.detail));
}

void ClientCodec::OnDrained() {
  if (handler_ != nullptr) handler_->OnRequestDrained();
}

void ClientCodec::Lost(ProxyError error) {
  clean_ = false;
  if (http::ResponseHandler* handler = std::exchange(handler_, nullptr)) {
    handler->OnUpstreamError(std::move(error));
  } else if (observer_ != nullptr) {
    observer_->OnIdleLost();
  }
}

}  // namespace mantlet::http1
