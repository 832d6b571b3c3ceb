#include "proxy/http2/server_stream.h"

#include <algorithm>
#include <utility>

#include "proxy/http/forwarding.h"
#include "proxy/http/grpc.h"
#include "proxy/http/local_reply.h"
#include "proxy/http/tokens.h"
#include "proxy/http/websocket.h"
#include "proxy/http2/server_codec.h"

namespace mantlet::http2 {

using base::ErrorReason;
using base::ProxyError;
using http::Framing;

namespace {

// A stream whose upstream has taken this much at once of what it was sent is worth a wide window.
constexpr uint64_t kWideAfterBytes = 128 * 1024;

}  // namespace

ServerStream::ServerStream(ServerCodec& codec, Handler& handler)
    : codec_(codec),
      handler_(handler),
      head_(&codec.loop_.blocks()),
      trailers_(&codec.loop_.blocks()),
      writer_(codec.transport_, codec.memory_, codec.loop_),
      early_(&codec.loop_.blocks()) {}

ServerStream::~ServerStream() {
  if (bytes_ != nullptr) bytes_->Detach();
}

// ---- the request

void ServerStream::ReceiveContent(std::string_view bytes) {
  unconsumed_ += bytes.size();
  if (discarding_) return;
  if (bytes_ != nullptr) {
    unconsumed_ -= bytes.size();  // ConsumeContent() gives it back
    bytes_->Receive(bytes);
    return;
  }
  content_bytes_ += bytes.size();
  const uint64_t most = codec_.options_.limits.body_bytes;
  if (most != 0 && content_bytes_ > most && !refusal_) {
    refusal_ = ProxyError::OfRequest(ErrorReason::kContentTooLarge, "request content too large");
    discarding_ = true;
    return;
  }
  if (delivered_ && !tunnel_) {
    handler_.OnRequestBody(bytes);
  } else {
    early_.append(bytes);
  }
}

// Called once for everything that one read brought.
void ServerStream::Deliver() {
  const uint8_t pending = std::exchange(pending_, 0);
  if (closed_ || close_error_ || (discarding_ && !refusal_)) {
    Consume();
    return;
  }
  if (refusal_) {
    Refuse(*std::exchange(refusal_, std::nullopt));
    return;
  }
  if (tunnel_ || ((pending & kHead) != 0 && head_.wants_upgrade())) {
    DeliverTunnel();
    return;
  }
  if ((pending & kHead) != 0) {
    delivered_ = true;
    handler_.OnRequestHead(head_);
    if (!early_.empty()) {
      handler_.OnRequestBody(early_);
      early_.clear();
    }
  }
  if ((pending & kTrailers) != 0 && !trailers_.empty()) handler_.OnRequestTrailers(trailers_);
  if ((pending & kEnd) != 0) handler_.OnRequestEnd();
  handler_.OnRequestFlush();
  Consume();
}

// The request has no content: what the client sends behind its head is for the tunnel, and is kept,
// with the client's window closed, until there is one.
void ServerStream::DeliverTunnel() {
  if (!std::exchange(tunnel_, true)) {
    delivered_ = true;
    const bool has_key = head_.headers.Find("sec-websocket-key").has_value();
    if (http::EqualsIgnoreCase(head_.upgrade, "websocket") && !has_key) {
      head_.headers.Add("sec-websocket-key", http::NewWebSocketKey());
    }
    handler_.OnRequestHead(head_);
    handler_.OnRequestEnd();
    handler_.OnRequestFlush();
  }
  if (bytes_ != nullptr && request_complete_) bytes_->ReceiveEnd();
}

std::unique_ptr<io::ByteStream> ServerStream::TakeTunnel() {
  StreamBytes::Port& port = *this;
  auto bytes = std::make_unique<StreamBytes>(codec_.loop_, port);
  bytes_ = bytes.get();
  unconsumed_ -= std::min(unconsumed_, early_.size());
  if (!early_.empty()) bytes_->Receive(early_);
  early_.clear();
  if (request_complete_) bytes_->ReceiveEnd();
  return bytes;
}

void ServerStream::ConsumeContent(size_t size) {
  unconsumed_ += size;
  Consume();
}

void ServerStream::OnContentSent() {
  if (!std::exchange(was_full_, false)) return;
  if (bytes_ != nullptr) {
    bytes_->ContentSent();
  } else {
    handler_.OnResponseDrained();
  }
}

// A tunnel that both sides have ended may still have bytes for its reader.
void ServerStream::OnClosed() {
  if (bytes_ != nullptr && close_error_) {
    bytes_->Fail({io::StreamFailure::kReset, close_error_->detail});
  }
  handler_.OnStreamClosed(std::exchange(close_error_, std::nullopt));
}

void ServerStream::Refuse(ProxyError error) {
  discarding_ = true;
  early_.clear();
  handler_.OnRequestRefused(head_, std::move(error));
  Consume();
}

// Opens the client's window again by what has been passed on.
void ServerStream::Consume() {
  if (paused_ || closed_ || unconsumed_ == 0) return;
  consumed_ += unconsumed_;
  if (!wide_window_ && consumed_ >= kWideAfterBytes && !request_complete_) {
    wide_window_ = codec_.WidenWindow(*this);
  }
  nghttp2_session_consume_stream(codec_.session(), id_, std::exchange(unconsumed_, 0));
  codec_.transport_.ScheduleSend();
}

void ServerStream::PauseRequest(bool paused) {
  paused_ = paused;
  if (paused) return;
  Consume();
  handler_.OnRequestResumed();
}

// ---- the response

void ServerStream::WriteInterim(const http::ResponseHead& head) {
  if (closed_) return;
  FieldBlock& fields = codec_.memory_.fields();
  fields.Clear();
  fields.Number(":status", static_cast<uint64_t>(head.status));
  http::ForwardResponseFields(head, false, fields);
  const auto block = fields.fields();
  nghttp2_submit_headers(codec_.session(), NGHTTP2_FLAG_NONE, id_, nullptr, block.data(),
                         block.size(), nullptr);
}

void ServerStream::WriteHead(const http::ResponseHead& head) {
  const bool tunnel = head.status == 101;
  const bool bodyless = !tunnel && http::IsBodyless(head, head_.method);
  FieldBlock& fields = codec_.memory_.fields();
  fields.Clear();
  // RFC 8441 section 5: what is 101 in HTTP/1.1 is 200 here.
  fields.Number(":status", static_cast<uint64_t>(tunnel ? 200 : head.status));
  http::ForwardResponseFields(head, !bodyless, fields);
  if (tunnel) fields.Remove("sec-websocket-accept");
  bool content = !bodyless;
  if (bodyless) {
    if (const auto length = http::LengthWithoutContent(head)) {
      fields.Literal("content-length", *length);
    }
  } else if (head.framing.kind == Framing::Kind::kContentLength) {
    fields.Number("content-length", head.framing.length);
    content = head.framing.length > 0;
  } else if (head.framing.kind == Framing::Kind::kNone && !tunnel) {
    content = false;
  }
  SubmitResponse(content);
}

void ServerStream::SubmitResponse(bool with_content) {
  bodyless_ = !with_content;
  head_written_ = true;
  if (closed_) return;
  const auto block = codec_.memory_.fields().fields();
  const nghttp2_data_provider provider = writer_.provider();
  nghttp2_submit_response(codec_.session(), id_, block.data(), block.size(),
                          with_content ? &provider : nullptr);
}

void ServerStream::WriteBody(std::string_view piece) {
  if (closed_ || bodyless_) return;
  writer_.Write(id_, piece);
  was_full_ = true;
}

void ServerStream::WriteEnd(const http::HeaderList& trailers) {
  if (!closed_) writer_.End(id_, trailers);
}

http::LocalReply ServerStream::WriteLocalReply(int status, std::string_view text) {
  if (head_.grpc) return WriteGrpcReply(status, text);
  const std::string content = http::LocalReplyContent(status, text);
  const bool head_only = head_.method == http::Method::kHead;
  FieldBlock& fields = codec_.memory_.fields();
  fields.Clear();
  fields.Number(":status", static_cast<uint64_t>(status));
  fields.Literal("content-type", http::kLocalReplyType);
  fields.Number("content-length", content.size());
  if (status == http::kUnavailable) fields.Literal("retry-after", http::kRetryAfter);
  SubmitResponse(!head_only);
  WriteBody(content);
  WriteEnd({});
  return {.status = status, .bytes = head_only ? 0 : content.size()};
}

// A response of trailers only, as gRPC calls it (PROTOCOL-HTTP2.md).
http::LocalReply ServerStream::WriteGrpcReply(int status, std::string_view text) {
  const int grpc_status = http::GrpcStatusOfHttp(status);
  const std::string message = http::GrpcMessage(std::string(http::kLocalReplyPrefix).append(text));
  FieldBlock& fields = codec_.memory_.fields();
  fields.Clear();
  fields.Number(":status", 200);
  fields.Literal("content-type", "application/grpc");
  fields.Number("grpc-status", static_cast<uint64_t>(grpc_status));
  fields.Literal("grpc-message", message);
  if (status == http::kUnavailable) fields.Literal("retry-after", http::kRetryAfter);
  SubmitResponse(false);
  WriteEnd({});
  return {.status = 200, .grpc_status = grpc_status};
}

void ServerStream::Flush() {
  if (!closed_) codec_.transport_.ScheduleSend();
}

size_t ServerStream::buffer_limit() const { return codec_.loop_.BufferLimit(kBufferBytes); }

size_t ServerStream::untaken() const { return writer_.untaken(id_); }

bool ServerStream::awaits_connection() const {
  return codec_.transport_.stream().buffered() > 0 && !writer_.held_back(id_);
}

size_t ServerStream::sharers() const { return codec_.open_streams_; }

void ServerStream::Reset(uint32_t error_code) {
  if (closed_) return;
  reset_ = true;
  nghttp2_submit_rst_stream(codec_.session(), NGHTTP2_FLAG_NONE, id_, error_code);
  codec_.transport_.ScheduleSend();
}

}  // namespace mantlet::http2
