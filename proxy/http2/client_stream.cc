#include "proxy/http2/client_stream.h"

#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "proxy/http/forwarding.h"
#include "proxy/http/status.h"
#include "proxy/http/websocket.h"
#include "proxy/http2/client_codec.h"

namespace mantlet::http2 {

using base::ErrorReason;
using base::ProxyError;
using http::Framing;

ClientStream::ClientStream(ClientCodec& codec, bool reused)
    : codec_(&codec),
      head_(&codec.loop_.blocks()),
      trailers_(&codec.loop_.blocks()),
      writer_(codec.transport_, *codec.memory_, codec.loop_),
      reused_(reused) {}

ClientStream::~ClientStream() {
  Unlink();
  handler_ = nullptr;
  if (bytes_ != nullptr) bytes_->Detach();
  if (codec_ != nullptr) codec_->Release(*this);
}

// ---- the request

void ClientStream::WriteHead(const http::RequestHead& head, const http::RequestForwarding& how,
                             http::ResponseHandler& handler) {
  handler_ = &handler;
  method_ = head.method;
  has_content_ = head.framing.has_body();
  if (how.tunnel_upgrade && head.wants_upgrade() && !has_content_) {
    protocol_ = head.upgrade;
  }
  if (codec_ == nullptr) return;
  FieldBlock& fields = codec_->memory_->fields();
  fields.Clear();
  WriteFields(head, how, fields);
  if (!protocol_.empty()) {
    KeepConnect(fields);
    if (codec_->settings_received_) SendConnect();
    return;
  }
  if (http::AsksForTrailers(head.headers)) fields.Literal("te", "trailers");
  if (head.framing.kind == Framing::Kind::kContentLength) {
    fields.Number("content-length", head.framing.length);
  }
  codec_->Submit(*this, fields);
}

void ClientStream::WriteFields(const http::RequestHead& head, const http::RequestForwarding& how,
                               FieldBlock& fields) {
  const bool tunnel = !protocol_.empty();
  fields.Literal(":method", tunnel ? "CONNECT" : std::string_view(head.method_text));
  // The scheme of this hop, as with nginx: servers such as Kestrel reject requests whose scheme is
  // not that of their connection. X-Forwarded-Proto has the client's.
  fields.Literal(":scheme", "http");
  fields.Literal(":authority", http::ForwardedHost(head, how.default_host));
  fields.Literal(":path", how.target.empty() ? std::string_view(head.target) : how.target);
  if (tunnel) fields.Literal(":protocol", protocol_);
  http::ForwardRequestFields(head, how, fields);
  if (!tunnel) return;
  // RFC 8441 section 5: the handshake of HTTP/1 is not used here.
  fields.Remove("sec-websocket-key");
  const auto key = head.headers.Find("sec-websocket-key");
  if (key && absl::EqualsIgnoreCase(protocol_, "websocket")) accept_ = http::WebSocketAccept(*key);
}

void ClientStream::KeepConnect(FieldBlock& fields) {
  connect_ = std::make_unique<http::HeaderList>();
  for (const nghttp2_nv& field : fields.fields()) {
    connect_->Add({reinterpret_cast<const char*>(field.name), field.namelen},
                  {reinterpret_cast<const char*>(field.value), field.valuelen});
  }
}

void ClientStream::SendConnect() {
  const std::unique_ptr<http::HeaderList> connect = std::exchange(connect_, nullptr);
  if (!codec_->allows_connect()) {
    Fail(ProxyError(ErrorReason::kUpstreamProtocol,
                    "Upgrade is forwarded to an HTTP/2 upstream as extended CONNECT (RFC 8441), "
                    "which its SETTINGS do not allow"));
    return;
  }
  method_ = http::Method::kConnect;
  has_content_ = true;
  FieldBlock& fields = codec_->memory_->fields();
  fields.Clear();
  fields.Run(connect->Lines(0, connect->size()));
  codec_->Submit(*this, fields);
}

void ClientStream::OnSettings() {
  if (connect_ != nullptr && !failed_) SendConnect();
}

void ClientStream::WriteBody(std::string_view piece) {
  if (!is_open() || !has_content_ || !protocol_.empty()) return;
  writer_.Write(id_, piece);
  was_full_ = true;
}

void ClientStream::WriteEnd(const http::HeaderList& trailers) {
  // The request that became a tunnel ends with it.
  if (is_open() && has_content_ && protocol_.empty()) writer_.End(id_, trailers);
}

void ClientStream::Flush() {
  if (codec_ != nullptr) codec_->transport_.ScheduleSend();
}

size_t ClientStream::untaken() const { return codec_ == nullptr ? 0 : writer_.untaken(id_); }

void ClientStream::OnSent() {
  if (!std::exchange(was_full_, false)) return;
  if (tunnel_) {
    if (bytes_ != nullptr) bytes_->ContentSent();
    return;
  }
  pending_ |= kDrained;
  codec_->Touch(*this);
}

// ---- the response

void ClientStream::OnBeginHeaders() {
  response_begun_ = true;
  if (head_complete_) {
    reader_.BeginTrailers(trailers_, codec_->limits_);
  } else {
    reader_.Begin(head_, codec_->limits_);
  }
}

bool ClientStream::OnHeader(std::string_view name, std::string_view value) {
  if (failed_ || complete_) return true;
  std::optional<ProxyError> error = reader_.Add(name, value);
  if (!error) return true;
  Fail(*std::move(error));
  return false;
}

void ClientStream::OnHeaders(bool last) {
  if (failed_ || complete_) return;
  if (head_complete_) {
    if (!trailers_.empty() && !tunnel_) handler_->OnResponseTrailers(trailers_);
    return;
  }
  if (http::IsInterim(head_.status)) {
    if (++interim_responses_ > kMaxInterimResponses) {
      Fail(ProxyError(ErrorReason::kProtocolError, "too many interim responses"));
      return;
    }
    head_.reason.assign(http::ReasonPhrase(head_.status));
    handler_->OnInterimResponse(head_);
    pending_ |= kFlush;
    codec_->Touch(*this);
    return;
  }
  FinishHead(last);
}

void ClientStream::FinishHead(bool last) {
  if (!protocol_.empty() && head_.status / 100 == 2) {
    BeginTunnel();
    return;
  }
  if (auto error = reader_.FinishHead(method_, last)) {
    Fail(*std::move(error));
    return;
  }
  head_complete_ = true;
  pending_ |= kFlush;
  codec_->Touch(*this);
  handler_->OnResponseHead(head_);
}

// What is 200 here is 101 in HTTP/1.1 (RFC 8441 section 5), and so in the values that an exchange
// passes.
void ClientStream::BeginTunnel() {
  head_.status = 101;
  head_.reason.assign(http::ReasonPhrase(101));
  head_.framing = {};
  head_.headers.Add("Connection", "Upgrade");
  head_.headers.Add("Upgrade", protocol_);
  if (!accept_.empty()) head_.headers.Add("Sec-WebSocket-Accept", accept_);
  head_complete_ = tunnel_ = true;
  StreamBytes::Port& port = *this;
  new_bytes_ = std::make_unique<StreamBytes>(codec_->loop_, port);
  bytes_ = new_bytes_.get();
  pending_ |= kEnd;
  codec_->Touch(*this);
  handler_->OnResponseHead(head_);
}

void ClientStream::OnContent(std::string_view bytes) {
  if (tunnel_) {
    if (bytes_ != nullptr) bytes_->Receive(bytes);
    return;
  }
  unconsumed_ += bytes.size();
  pending_ |= kFlush;
  codec_->Touch(*this);
  if (!failed_ && !complete_) handler_->OnResponseBody(bytes);
}

void ClientStream::OnEndStream() {
  if (tunnel_) {
    if (bytes_ != nullptr) bytes_->ReceiveEnd();
  } else if (head_complete_ && !failed_) {
    complete_ = true;
    pending_ |= kEnd;
    codec_->Touch(*this);
  }
}

void ClientStream::OnClosed(uint32_t error_code) {
  closed_ = true;
  if (complete_ || failed_) return;
  if (!head_sent_ || error_code == NGHTTP2_REFUSED_STREAM) {
    Fail(ProxyError(ErrorReason::kRefusedStream,
                    codec_->goaway_received_ ? "the upstream's GOAWAY came before the request"
                                             : "the upstream refused the stream"));
  } else if (reset_by_peer_) {
    Fail(ProxyError(ErrorReason::kReset, absl::StrCat("the upstream reset the stream: ",
                                                      nghttp2_http2_strerror(error_code))));
  } else if (!tunnel_ || error_code != NGHTTP2_NO_ERROR) {
    Fail(ProxyError(ErrorReason::kProtocolError,
                    "the upstream's response breaks the rules of HTTP/2 for messages"));
  }
}

void ClientStream::Fail(ProxyError error) {
  if (complete_ || std::exchange(failed_, true)) return;
  if (bytes_ != nullptr) bytes_->Fail({io::StreamFailure::kReset, error.detail});
  if (handler_ == nullptr) return;  // the exchange has become a tunnel
  error_ = std::move(error);
  if (codec_ != nullptr) codec_->Touch(*this);
}

void ClientStream::Deliver() {
  const uint8_t pending = std::exchange(pending_, 0);
  if (handler_ == nullptr) return;
  if (error_) {
    ProxyError error = *std::exchange(error_, std::nullopt);
    std::exchange(handler_, nullptr)->OnUpstreamError(std::move(error));
    return;
  }
  if ((pending & kEnd) != 0) {
    // After a 101 the handler still waits for the end of its request, or for an error.
    http::ResponseHandler* handler = handler_;
    if (!tunnel_) handler_ = nullptr;
    handler->OnResponseEnd();
    return;
  }
  base::Lifetime::Watch watch(lifetime_);
  if ((pending & kFlush) != 0) {
    handler_->OnResponseFlush();
    if (watch.ended()) return;
    Consume();
  }
  if ((pending & kDrained) != 0 && handler_ != nullptr) handler_->OnRequestDrained();
}

// Opens the upstream's window again by what the handler has taken.
void ClientStream::Consume() {
  if (paused_ || !is_open() || unconsumed_ == 0) return;
  nghttp2_session_consume_stream(codec_->session(), id_, std::exchange(unconsumed_, 0));
  codec_->transport_.ScheduleSend();
}

void ClientStream::PauseResponse(bool paused) {
  paused_ = paused;
  if (!paused) Consume();
}

void ClientStream::OnCodecClosed() {
  codec_ = nullptr;
  if (bytes_ != nullptr) {
    bytes_->Fail({io::StreamFailure::kReset, "the connection to the upstream was closed"});
  }
}

// ---- the tunnel

http::UpgradedStream ClientStream::TakeUpgraded() {
  handler_ = nullptr;
  new_bytes_->SetReading(false);
  return {std::move(new_bytes_), {}};
}

void ClientStream::WriteContent(std::string_view bytes) {
  if (!is_open()) return;
  writer_.Write(id_, bytes);
  was_full_ = true;
}

void ClientStream::EndContent() {
  if (is_open()) writer_.End(id_, {});
}

void ClientStream::ConsumeContent(size_t size) {
  if (!is_open()) return;
  nghttp2_session_consume_stream(codec_->session(), id_, size);
  codec_->transport_.ScheduleSend();
}

void ClientStream::CancelStream() {
  if (codec_ != nullptr) codec_->Cancel(*this);
}

}  // namespace mantlet::http2
