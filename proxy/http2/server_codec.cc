#include "proxy/http2/server_codec.h"

#include <array>
#include <utility>

#include "absl/strings/str_cat.h"

namespace mantlet::http2 {

using base::ErrorReason;
using base::ProxyError;

namespace {

// The client may send this much of a request's content that has nowhere to go yet: many streams
// that wait hold no more than so much each. It is the protocol's default (RFC 9113 section 6.9.2).
constexpr uint32_t kStreamWindowBytes = 65535;
// The window of a stream whose content is taken as it comes, and how many can have it.
constexpr int32_t kWideWindowBytes = 512 * 1024;
constexpr size_t kWideWindows = 8;
// All streams together: content is taken off the connection as it comes, so that a stream that
// waits delays no other.
constexpr int32_t kConnectionWindowBytes = 1024 * 1024;
// SETTINGS frames that are not acknowledged, PING acknowledgements that are not read: nghttp2 ends
// the connection beyond.
constexpr size_t kOutboundAcknowledgements = 1000;
// Frames that wait for a client which does not read: a few for each stream, and what is left of
// streams that it has reset meanwhile.
constexpr size_t kQueuedFrames = 1000;
constexpr size_t kQueuedFramesPerStream = 4;

// HPACK has one state for all streams, so that nothing else can be read once a field was not.
constexpr char kCompressionHint[] =
    "a malformed header section, or a field of more than 64 KiB, which is more than HTTP/2 clients "
    "can send whatever limits.header_bytes says";

Violation ViolationOf(int error) {
  if (error == NGHTTP2_ERR_FLOODED) return Violation::kControlFrames;
  if (error == NGHTTP2_ERR_TOO_MANY_CONTINUATIONS) return Violation::kHeaderBlock;
  return Violation::kProtocolError;
}

std::string ErrorName(uint32_t code) { return nghttp2_http2_strerror(code); }

}  // namespace

ServerCodec::ServerCodec(io::Loop& loop, SessionMemory& memory, io::ByteStream& stream,
                         const Options& options, Handler& handler)
    : loop_(loop),
      memory_(memory),
      handler_(handler),
      options_(options),
      transport_(loop, stream, [this] { OnTurnEnd(); }),
      flood_guard_(options.streams) {
  const OptionPtr option = NewOptions();
  nghttp2_option_set_max_outbound_ack(option.get(), kOutboundAcknowledgements);
  // FloodGuard knows which resets cost something; nghttp2 would end the connection for any.
  nghttp2_option_set_stream_reset_rate_limit(option.get(), UINT64_MAX, UINT64_MAX);
  transport_.SetSession(memory.NewServer(Callbacks<ServerCodec>::Table(), this, *option));
  const std::array<nghttp2_settings_entry, 4> settings = {{
      {NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, options.streams},
      {NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, kStreamWindowBytes},
      {NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, static_cast<uint32_t>(options.limits.header_bytes)},
      {NGHTTP2_SETTINGS_ENABLE_CONNECT_PROTOCOL, 1},
  }};
  nghttp2_submit_settings(session(), NGHTTP2_FLAG_NONE, settings.data(), settings.size());
  nghttp2_session_set_local_window_size(session(), NGHTTP2_FLAG_NONE, 0, kConnectionWindowBytes);
  transport_.ScheduleSend();
}

// ---- reading

void ServerCodec::Read(std::string_view bytes) {
  while (!bytes.empty() && !violation_ && !finished()) {
    const size_t size = scanner_.Scan(bytes);
    const auto& found = scanner_.found();
    // A frame without payload is handled with its header: its stream may be gone then.
    const bool check_first = found && found->length == 0 && size > kFrameHeaderBytes;
    const size_t first = check_first ? size - kFrameHeaderBytes : size;
    Receive(bytes.substr(0, first));
    if (found) CheckIgnoredFrame(*found);
    if (first < size) Receive(bytes.substr(first, size - first));
    bytes.remove_prefix(size);
    CheckFlood();
  }
  DeliverTouched();
  FinishClosed();
  transport_.ScheduleSend();
}

void ServerCodec::Receive(std::string_view bytes) {
  if (violation_) return;
  if (const int error = transport_.Receive(bytes); error != 0) Fail(error);
}

void ServerCodec::CheckFlood() {
  for (size_t i = scanner_.TakeControlFrames(); i > 0; --i) {
    if (!flood_guard_.OnControlFrame(loop_.now_ms())) {
      Violate(Violation::kControlFrames, "too many frames that serve no request");
    }
  }
  if (transport_.queued_frames() > kQueuedFrames + kQueuedFramesPerStream * options_.streams) {
    Violate(Violation::kControlFrames, "the client does not read what it asks for");
  }
}

// A fatal error of nghttp2. What it has made of it, a GOAWAY, is sent if that can be.
void ServerCodec::Fail(int error) {
  Violate(ViolationOf(error), nghttp2_strerror(error));
  // After a violation nghttp2 can still write, after these it cannot.
  failed_ = error == NGHTTP2_ERR_NOMEM || error == NGHTTP2_ERR_CALLBACK_FAILURE;
}

void ServerCodec::Violate(Violation violation, std::string detail) {
  Violate(
      violation, std::move(detail),
      violation == Violation::kProtocolError ? NGHTTP2_PROTOCOL_ERROR : NGHTTP2_ENHANCE_YOUR_CALM);
}

void ServerCodec::Violate(Violation violation, std::string detail, uint32_t error_code) {
  if (violation_) return;
  violation_ = violation;
  violation_detail_ = std::move(detail);
  nghttp2_session_terminate_session(session(), error_code);
  transport_.ScheduleSend();
}

// nghttp2 ignores frames for streams that it has forgotten. RFC 9113 sections 5.1 and 5.1.1 want
// them to be errors, unless the client cannot know yet that the stream has ended.
void ServerCodec::CheckIgnoredFrame(const FrameScanner::Found& frame) {
  if (frame.type == NGHTTP2_DATA) {
    CheckStreamState(frame.type, frame.stream_id);
    if (frame.length == 0 && Find(frame.stream_id) == nullptr) CountEmptyFrame();
  } else if (frame.increment == 0 && frame.stream_id != 0 && Find(frame.stream_id) == nullptr) {
    Violate(Violation::kProtocolError, "a WINDOW_UPDATE of 0");
  }
}

void ServerCodec::CheckStreamState(uint8_t type, int32_t id) {
  if (id % 2 == 0 || id > last_stream_id_ || Find(id) != nullptr) return;
  const ClosedStreams::Answer answer = closed_streams_.Find(id);
  if (answer == ClosedStreams::Answer::kIgnore) return;
  const bool never_opened = answer == ClosedStreams::Answer::kUnknown && type == NGHTTP2_HEADERS;
  Violate(Violation::kProtocolError, absl::StrCat("a frame for stream ", id, ", which is closed"),
          never_opened ? NGHTTP2_PROTOCOL_ERROR : NGHTTP2_STREAM_CLOSED);
}

// Callbacks for one stream follow each other, so that most of them find it without nghttp2's map.
ServerStream* ServerCodec::Find(int32_t stream_id) {
  if (found_ != nullptr && found_->id_ == stream_id) return found_;
  found_ = static_cast<ServerStream*>(nghttp2_session_get_stream_user_data(session(), stream_id));
  return found_;
}

bool ServerCodec::WidenWindow(ServerStream& stream) {
  if (wide_windows_ == kWideWindows) return false;
  ++wide_windows_;
  nghttp2_session_set_local_window_size(session(), NGHTTP2_FLAG_NONE, stream.id_, kWideWindowBytes);
  return true;
}

void ServerCodec::Touch(ServerStream& stream) {
  if (!std::exchange(stream.listed_, true)) touched_.push_back(&stream);
}

// Requests begin after everything that was read with them is known: one that has been reset by then
// never reaches the upstream, nor does one whose connection ends.
void ServerCodec::DeliverTouched() {
  for (ServerStream* stream : touched_) {
    stream->listed_ = false;
    if (!violation_) stream->Deliver();
  }
  touched_.clear();
}

void ServerCodec::FinishClosed() {
  if (!finishing_.empty()) return;  // called by what follows, which goes on
  while (!closed_.empty()) {
    std::swap(closed_, finishing_);
    for (ServerStream* stream : finishing_) stream->OnClosed();
    finishing_.clear();
  }
}

int ServerCodec::OnBeginFrame(const nghttp2_frame_hd& header) {
  switch (header.type) {
    case NGHTTP2_HEADERS:
      CheckStreamState(header.type, header.stream_id);
      if (header.stream_id <= last_stream_id_ && Find(header.stream_id) == nullptr) {
        CountEmptyFrame();  // it is decoded for nothing
      }
      if (goaway_sent_ && header.stream_id > last_stream_id_) handler_.OnStreamRefused(true);
      return 0;
    case NGHTTP2_CONTINUATION:
      if (header.length == 0) CountEmptyFrame();
      return 0;
    case NGHTTP2_DATA:
      flood_guard_.OnData();
      return 0;
    default:
      return 0;
  }
}

void ServerCodec::CountEmptyFrame() {
  if (flood_guard_.OnEmptyFrame(loop_.now_ms())) return;
  Violate(Violation::kEmptyFrames, "too many frames without content");
}

int ServerCodec::OnBeginHeaders(const nghttp2_frame& frame) {
  if (frame.headers.cat == NGHTTP2_HCAT_REQUEST) {
    // The GOAWAY that will reach the client excludes this stream, so the client may send the
    // request again on another connection. nghttp2 closes the stream when that frame has left.
    if (goaway_sent_) return 0;
    ServerStream& stream = handler_.OnStreamBegins();
    ++open_streams_;
    stream.id_ = last_stream_id_ = frame.hd.stream_id;
    stream.reading_head_ = true;
    stream.reader_.Begin(stream.head_, options_.limits);
    nghttp2_session_set_stream_user_data(session(), frame.hd.stream_id, &stream);
  } else if (ServerStream* stream = Find(frame.hd.stream_id)) {
    stream->reading_head_ = false;
    stream->reader_.BeginTrailers(stream->trailers_, options_.limits);
  }
  return 0;
}

int ServerCodec::OnHeader(const nghttp2_frame& frame, std::string_view name,
                          std::string_view value) {
  ServerStream* stream = Find(frame.hd.stream_id);
  if (stream == nullptr || stream->reader_.Add(name, value)) return 0;
  Violate(Violation::kHeaderBlock, "a header section that is over limits.header_bytes by far");
  return 0;
}

// nghttp2 would leave the field out. RFC 9113 section 8.2.1: the request is malformed.
int ServerCodec::OnInvalidHeader(const nghttp2_frame& frame, std::string_view) {
  ServerStream* stream = Find(frame.hd.stream_id);
  if (stream == nullptr) return 0;
  stream->close_error_ =
      ProxyError(ErrorReason::kBadRequest, "a header field with a byte that HTTP does not allow");
  stream->Reset(NGHTTP2_PROTOCOL_ERROR);
  stream->discarding_ = true;
  return 0;
}

int ServerCodec::OnFrame(const nghttp2_frame& frame) {
  if (frame.hd.type == NGHTTP2_RST_STREAM) {
    if (ServerStream* stream = Find(frame.hd.stream_id)) {
      stream->peer_reset_ = true;
      stream->close_error_ = ProxyError(
          ErrorReason::kClientClosed,
          absl::StrCat("the client reset the stream: ", ErrorName(frame.rst_stream.error_code)));
    }
    return 0;
  }
  if (frame.hd.type != NGHTTP2_HEADERS && frame.hd.type != NGHTTP2_DATA) return 0;
  ServerStream* stream = Find(frame.hd.stream_id);
  if (stream == nullptr) return 0;
  const bool last = (frame.hd.flags & NGHTTP2_FLAG_END_STREAM) != 0;
  if (frame.hd.type == NGHTTP2_DATA && frame.hd.length == frame.data.padlen && !last) {
    CountEmptyFrame();
  }
  if (frame.hd.type == NGHTTP2_HEADERS) {
    std::optional<ProxyError> error =
        stream->reading_head_ ? stream->reader_.Finish(last) : stream->reader_.FinishTrailers();
    if (error && !stream->refusal_) stream->refusal_ = std::move(error);
    stream->pending_ |= stream->reading_head_ ? ServerStream::kHead : ServerStream::kTrailers;
  }
  if (last) {
    stream->request_complete_ = true;
    stream->pending_ |= ServerStream::kEnd;
  }
  Touch(*stream);
  return 0;
}

int ServerCodec::OnInvalidFrame(const nghttp2_frame& frame, int error) {
  if (error == NGHTTP2_ERR_REFUSED_STREAM) {
    last_stream_id_ = frame.hd.stream_id;
    closed_streams_.AddReset(frame.hd.stream_id);
    handler_.OnStreamRefused(false);
    return 0;
  }
  if (ServerStream* stream = Find(frame.hd.stream_id); stream != nullptr && !stream->close_error_) {
    stream->close_error_ = ProxyError(ErrorReason::kBadRequest, nghttp2_strerror(error));
  }
  return 0;
}

int ServerCodec::OnData(int32_t stream_id, std::string_view bytes) {
  nghttp2_session_consume_connection(session(), bytes.size());
  if (ServerStream* stream = Find(stream_id)) {
    stream->ReceiveContent(bytes);
    Touch(*stream);
  }
  return 0;
}

int ServerCodec::OnStreamClose(int32_t stream_id, uint32_t error_code) {
  ServerStream* stream = Find(stream_id);
  if (stream == nullptr) return 0;
  stream->closed_ = true;
  --open_streams_;
  found_ = nullptr;
  if (stream->wide_window_) --wide_windows_;
  if (!stream->peer_reset_ && !stream->request_complete_) {
    closed_streams_.AddReset(stream_id);
  } else {
    closed_streams_.AddEnded(stream_id);
  }
  if (error_code != NGHTTP2_NO_ERROR && !stream->close_error_ && !stream->reset_) {
    // Reset by nghttp2, which has found the message to be malformed.
    stream->close_error_ = ProxyError(
        ErrorReason::kBadRequest, absl::StrCat("the stream was reset: ", ErrorName(error_code)));
  }
  if (stream->close_error_ && !stream->head_written_) {
    if (!flood_guard_.OnReset(loop_.now_ms())) {
      Violate(Violation::kRapidReset, "too many streams were reset before their responses began");
    }
  } else if (error_code == NGHTTP2_NO_ERROR) {
    flood_guard_.OnResponse();
  }
  closed_.push_back(stream);
  return 0;
}

// ---- writing

void ServerCodec::OnTurnEnd() {
  Send();
  handler_.OnSent();
}

void ServerCodec::Send() {
  if (failed_) return;
  if (const int error = transport_.Send(); error != 0) Fail(error);
  FinishClosed();
}

void ServerCodec::SendLast() {
  if (!failed_) transport_.SendLast();
}

void ServerCodec::OnDrained() { transport_.ScheduleSend(); }

int ServerCodec::SendData(const nghttp2_frame& frame, std::string_view header, size_t length,
                          nghttp2_data_source& source) {
  flood_guard_.OnData();
  auto* writer = static_cast<MessageWriter*>(source.ptr);
  writer->SendData(header, length);
  if (writer->queued() != 0) return 0;
  ServerStream* stream = Find(frame.hd.stream_id);
  if (stream != nullptr) stream->OnContentSent();
  return 0;
}

// RFC 9113 section 8.1: a response may end before its request; the rest of that is not wanted.
int ServerCodec::OnFrameSent(const nghttp2_frame& frame) {
  if (frame.hd.type == NGHTTP2_GOAWAY) NoteGoaway(frame.goaway);
  if ((frame.hd.flags & NGHTTP2_FLAG_END_STREAM) == 0) return 0;
  if (frame.hd.type != NGHTTP2_HEADERS && frame.hd.type != NGHTTP2_DATA) return 0;
  ServerStream* stream = Find(frame.hd.stream_id);
  if (stream != nullptr && !stream->request_complete_) stream->Reset(NGHTTP2_NO_ERROR);
  return 0;
}

// nghttp2 ends a connection by itself when its client breaks the protocol.
void ServerCodec::NoteGoaway(const nghttp2_goaway& goaway) {
  if (goaway.error_code == NGHTTP2_NO_ERROR || violation_) return;
  violation_ = goaway.error_code == NGHTTP2_ENHANCE_YOUR_CALM ? Violation::kControlFrames
                                                              : Violation::kProtocolError;
  violation_detail_ = ErrorName(goaway.error_code);
  if (goaway.opaque_data_len > 0) {
    absl::StrAppend(&violation_detail_, ": ",
                    absl::string_view(reinterpret_cast<const char*>(goaway.opaque_data),
                                      goaway.opaque_data_len));
  }
  if (goaway.error_code == NGHTTP2_COMPRESSION_ERROR) {
    absl::StrAppend(&violation_detail_, " (", kCompressionHint, ")");
  }
}

void ServerCodec::SubmitShutdownNotice() {
  nghttp2_submit_shutdown_notice(session());
  transport_.ScheduleSend();
}

void ServerCodec::SubmitGoaway() {
  goaway_sent_ = true;
  nghttp2_submit_goaway(session(), NGHTTP2_FLAG_NONE,
                        nghttp2_session_get_last_proc_stream_id(session()), NGHTTP2_NO_ERROR,
                        nullptr, 0);
  transport_.ScheduleSend();
}

}  // namespace mantlet::http2
