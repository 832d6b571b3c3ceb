#include "proxy/http2/client_codec.h"

#include <array>
#include <utility>

#include "absl/strings/str_cat.h"

namespace mantlet::http2 {

using base::ErrorReason;
using base::ProxyError;

namespace {

// How much of a response the upstream may send that its client has not taken: as much as one stream
// needs to be fast.
constexpr uint32_t kStreamWindowBytes = 256 * 1024;
// For all streams together. It is opened again as the bytes come, so that a stream that waits
// delays no other.
constexpr int32_t kConnectionWindowBytes = 1024 * 1024;

}  // namespace

ClientCodec::ClientCodec(io::Loop& loop, std::shared_ptr<SessionMemory> memory,
                         std::unique_ptr<io::ByteStream> stream, const ResponseLimits& limits,
                         Observer& observer)
    : loop_(loop),
      observer_(observer),
      limits_(limits),
      stream_(std::move(stream)),
      memory_(std::move(memory)),
      transport_(loop, *stream_, [this] { Send(); }) {
  const OptionPtr option = NewOptions();
  nghttp2_option_set_peer_max_concurrent_streams(option.get(), kAssumedStreams);
  transport_.SetSession(memory_->NewClient(Callbacks<ClientCodec>::Table(), this, *option));
  const std::array<nghttp2_settings_entry, 3> settings = {{
      {NGHTTP2_SETTINGS_ENABLE_PUSH, 0},
      {NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, kStreamWindowBytes},
      {NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, static_cast<uint32_t>(limits.header_bytes)},
  }};
  nghttp2_submit_settings(session(), NGHTTP2_FLAG_NONE, settings.data(), settings.size());
  nghttp2_session_set_local_window_size(session(), NGHTTP2_FLAG_NONE, 0, kConnectionWindowBytes);
  stream_->SetHandler(this);
  stream_->SetReading(true);
  transport_.ScheduleSend();
}

ClientCodec::~ClientCodec() { Close(); }

// ---- streams

bool ClientCodec::accepts_streams() const {
  return !lost_ && !closed_ && nghttp2_session_check_request_allowed(session()) != 0;
}

std::unique_ptr<ClientStream> ClientCodec::OpenStream() {
  std::unique_ptr<ClientStream> stream(new (loop_.blocks())
                                           ClientStream(*this, std::exchange(used_, true)));
  stream->index_ = streams_.size();
  streams_.push_back(stream.get());
  return stream;
}

void ClientCodec::Submit(ClientStream& stream, FieldBlock& fields) {
  const auto block = fields.fields();
  const nghttp2_data_provider provider = stream.writer_.provider();
  const int32_t id = nghttp2_submit_request(session(), nullptr, block.data(), block.size(),
                                            stream.has_content_ ? &provider : nullptr, &stream);
  if (id < 0) {
    stream.Fail(ProxyError(ErrorReason::kInternal, nghttp2_strerror(id)));
    return;
  }
  stream.id_ = id;
  transport_.ScheduleSend();
}

// Streams may be touched outside of the codec's own calls. Their events are delivered at the end of
// the turn.
void ClientCodec::Touch(ClientStream& stream) {
  if (stream.IsAlone()) touched_.Append(stream);
  if (!settling_) transport_.ScheduleSend();
}

void ClientCodec::Cancel(ClientStream& stream) {
  if (stream.id_ == 0 || stream.closed_ || lost_) return;
  nghttp2_submit_rst_stream(session(), NGHTTP2_FLAG_NONE, stream.id_, NGHTTP2_CANCEL);
  transport_.ScheduleSend();
}

// `stream` is being destroyed. What still comes for it is ignored.
void ClientCodec::Release(ClientStream& stream) {
  if (found_ == &stream) found_ = nullptr;
  streams_[stream.index_] = streams_.back();
  streams_[stream.index_]->index_ = stream.index_;
  streams_.pop_back();
  Cancel(stream);
  if (stream.id_ != 0 && !stream.closed_) {
    nghttp2_session_set_stream_user_data(session(), stream.id_, nullptr);
  }
  if (!settling_) observer_.OnCodecChanged();
}

bool ClientCodec::allows_connect() const {
  return nghttp2_session_get_remote_settings(session(), NGHTTP2_SETTINGS_ENABLE_CONNECT_PROTOCOL) ==
         1;
}

// Callbacks for one stream follow each other, so that most of them find it without nghttp2's map.
ClientStream* ClientCodec::Find(int32_t stream_id) {
  if (found_ != nullptr && found_->id_ == stream_id) return found_;
  found_ = static_cast<ClientStream*>(nghttp2_session_get_stream_user_data(session(), stream_id));
  return found_;
}

// ---- the connection

void ClientCodec::OnData(std::string_view bytes) {
  if (lost_) return;
  content_received_ = false;
  settling_ = true;
  if (const int error = transport_.Receive(bytes); error != 0) {
    violation_ = nghttp2_strerror(error);
    SetLost(ProxyError(ErrorReason::kProtocolError, violation_));
  }
  observer_.OnReceived(content_received_);
  transport_.ScheduleSend();
  Settle();
}

void ClientCodec::OnEnd() {
  SetLost(ProxyError(ErrorReason::kClosedEarly));
  Settle();
}

void ClientCodec::OnStreamError(const io::StreamError& error) {
  SetLost(ProxyError(ErrorReason::kReset, error.detail));
  Settle();
}

void ClientCodec::Send() {
  if (closed_) return;
  settling_ = true;
  if (!lost_) {
    if (const int error = transport_.Send(); error != 0) {
      SetLost(ProxyError(ErrorReason::kInternal, nghttp2_strerror(error)));
    } else if (transport_.finished()) {
      SetLost(ProxyError(ErrorReason::kProtocolError, violation_));
    }
  }
  Settle();
}

void ClientCodec::Settle() {
  settling_ = true;
  while (!touched_.IsAlone()) {
    auto* stream = static_cast<ClientStream*>(touched_.next);
    stream->Unlink();
    stream->Deliver();
  }
  settling_ = false;
  if (!closed_) observer_.OnCodecChanged();
}

void ClientCodec::SetLost(const ProxyError& error) {
  if (std::exchange(lost_, true)) return;
  for (ClientStream* stream : streams_) {
    if (!stream->head_sent_) {
      stream->Fail(ProxyError(ErrorReason::kRefusedStream,
                              "the connection ended before the request was sent"));
      continue;
    }
    ProxyError own = error;
    if (own.reason == ErrorReason::kClosedEarly) {
      own.detail = stream->response_begun_
                       ? "the upstream closed the connection within its response"
                       : "the upstream closed the connection without a response";
    }
    stream->Fail(std::move(own));
  }
}

void ClientCodec::Ping() {
  nghttp2_submit_ping(session(), NGHTTP2_FLAG_NONE, nullptr);
  transport_.ScheduleSend();
}

void ClientCodec::Fail(const ProxyError& error) {
  SetLost(error);
  Settle();
}

void ClientCodec::Close() {
  if (std::exchange(closed_, true)) return;
  found_ = nullptr;
  if (!lost_) {
    // The upstream need not take the end for a failure.
    nghttp2_session_terminate_session(session(), NGHTTP2_NO_ERROR);
    transport_.Send();
  }
  lost_ = true;
  stream_->Close();
  for (ClientStream* stream : std::exchange(streams_, {})) stream->OnCodecClosed();
  while (!touched_.IsAlone()) touched_.next->Unlink();
}

// ---- from nghttp2

int ClientCodec::OnBeginHeaders(const nghttp2_frame& frame) {
  content_received_ = true;
  if (ClientStream* stream = Find(frame.hd.stream_id)) stream->OnBeginHeaders();
  return 0;
}

int ClientCodec::OnHeader(const nghttp2_frame& frame, std::string_view name,
                          std::string_view value) {
  ClientStream* stream = Find(frame.hd.stream_id);
  if (stream == nullptr || stream->OnHeader(name, value)) return 0;
  return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;  // resets the stream
}

// nghttp2 would leave the field out. RFC 9113 section 8.2.1: the response is malformed.
int ClientCodec::OnInvalidHeader(const nghttp2_frame& frame, std::string_view) {
  ClientStream* stream = Find(frame.hd.stream_id);
  if (stream == nullptr) return 0;
  stream->Fail(ProxyError(ErrorReason::kProtocolError,
                          "a header field with a byte that HTTP does not allow"));
  return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
}

int ClientCodec::OnFrame(const nghttp2_frame& frame) {
  switch (frame.hd.type) {
    case NGHTTP2_SETTINGS:
      if ((frame.hd.flags & NGHTTP2_FLAG_ACK) == 0) OnSettings();
      return 0;
    case NGHTTP2_GOAWAY:
      goaway_received_ = true;
      return 0;
    case NGHTTP2_RST_STREAM:
      if (ClientStream* stream = Find(frame.hd.stream_id)) stream->reset_by_peer_ = true;
      return 0;
    case NGHTTP2_HEADERS:
    case NGHTTP2_DATA:
      break;
    default:
      return 0;
  }
  ClientStream* stream = Find(frame.hd.stream_id);
  if (stream == nullptr) return 0;
  const bool last = (frame.hd.flags & NGHTTP2_FLAG_END_STREAM) != 0;
  if (frame.hd.type == NGHTTP2_HEADERS) stream->OnHeaders(last);
  if (last) stream->OnEndStream();
  return 0;
}

void ClientCodec::OnSettings() {
  settings_received_ = true;
  stream_limit_ =
      nghttp2_session_get_remote_settings(session(), NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS);
  size_t sent = 0;
  for (ClientStream* stream : streams_) {
    stream->OnSettings();
    if (stream->head_sent_) ++sent;
  }
  // Those that cannot begin here now need not wait for the end of others.
  for (ClientStream* stream : streams_) {
    if (stream->head_sent_ || sent++ < stream_limit_) continue;
    stream->Fail(ProxyError(ErrorReason::kRefusedStream,
                            absl::StrCat("the upstream allows ", stream_limit_, " streams")));
  }
}

int ClientCodec::OnInvalidFrame(const nghttp2_frame& frame, int error) {
  violation_ = nghttp2_strerror(error);
  if (ClientStream* stream = Find(frame.hd.stream_id)) {
    stream->Fail(ProxyError(ErrorReason::kProtocolError, violation_));
  }
  return 0;
}

int ClientCodec::OnData(int32_t stream_id, std::string_view bytes) {
  content_received_ = true;
  nghttp2_session_consume_connection(session(), bytes.size());
  if (ClientStream* stream = Find(stream_id)) stream->OnContent(bytes);
  return 0;
}

int ClientCodec::OnStreamClose(int32_t stream_id, uint32_t error_code) {
  if (ClientStream* stream = Find(stream_id)) stream->OnClosed(error_code);
  found_ = nullptr;
  return 0;
}

int ClientCodec::OnBeforeFrameSent(const nghttp2_frame& frame) {
  if (frame.hd.type != NGHTTP2_HEADERS) return 0;
  if (ClientStream* stream = Find(frame.hd.stream_id)) stream->head_sent_ = true;
  return 0;
}

int ClientCodec::SendData(const nghttp2_frame& frame, std::string_view header, size_t length,
                          nghttp2_data_source& source) {
  auto* writer = static_cast<MessageWriter*>(source.ptr);
  writer->SendData(header, length);
  if (writer->queued() != 0) return 0;
  if (ClientStream* stream = Find(frame.hd.stream_id)) stream->OnSent();
  return 0;
}

}  // namespace mantlet::http2
