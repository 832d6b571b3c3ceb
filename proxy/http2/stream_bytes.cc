#include "proxy/http2/stream_bytes.h"

#include <utility>

namespace mantlet::http2 {

StreamBytes::StreamBytes(io::Loop& loop, Port& port)
    : port_(&port), deliver_(loop, [this] { Deliver(); }) {}

StreamBytes::~StreamBytes() {
  Close();
  if (port_ != nullptr) port_->OnBytesGone();
}

// ---- from the port

void StreamBytes::Receive(std::string_view bytes) {
  if (closed_) return;
  inbox_.append(bytes);
  if (reading_) deliver_.Schedule();
}

void StreamBytes::ReceiveEnd() {
  ended_ = true;
  if (reading_) deliver_.Schedule();
}

void StreamBytes::Fail(io::StreamError error) {
  if (closed_ || error_) return;
  error_ = std::move(error);
  deliver_.Schedule();
}

void StreamBytes::ContentSent() {
  if (!std::exchange(drain_awaited_, false)) return;
  drained_ = true;
  deliver_.Schedule();
}

// Runs at the end of the turn, outside of any callback. Each call of the handler may destroy this
// object or close it.
void StreamBytes::Deliver() {
  base::Lifetime::Watch watch(lifetime_);
  if (reading_ && !inbox_.empty() && handler_ != nullptr) {
    const std::string bytes = std::exchange(inbox_, {});
    handler_->OnData(bytes);
    if (watch.ended() || closed_) return;
    if (port_ != nullptr) port_->ConsumeContent(bytes.size());
  }
  if (error_) {
    closed_ = true;
    if (handler_ != nullptr) handler_->OnStreamError(*error_);
    return;
  }
  if (reading_ && ended_ && !end_delivered_ && inbox_.empty() && handler_ != nullptr) {
    end_delivered_ = true;
    handler_->OnEnd();
    if (watch.ended() || closed_) return;
  }
  if (std::exchange(drained_, false) && handler_ != nullptr) handler_->OnDrained();
}

// ---- io::ByteStream

void StreamBytes::SetReading(bool reading) {
  reading_ = reading;
  if (reading && !closed_ && !IsQuiet()) deliver_.Schedule();
}

void StreamBytes::Write(std::string_view bytes) {
  if (port_ != nullptr && !closed_ && !error_ && !write_ended_) port_->WriteContent(bytes);
}

void StreamBytes::Flush() {
  if (port_ == nullptr || closed_ || error_) return;
  port_->FlushContent();
  drain_awaited_ = buffered() > 0;
}

void StreamBytes::ShutdownWrite() {
  if (std::exchange(write_ended_, true) || port_ == nullptr || closed_ || error_) return;
  port_->EndContent();
  port_->FlushContent();
}

void StreamBytes::Close() {
  if (std::exchange(closed_, true)) return;
  deliver_.Cancel();
  handler_ = nullptr;
  inbox_ = {};
  // RFC 8441 section 5: CANCEL is what a reset of a TCP connection is. A stream that both sides
  // have ended is closed already.
  if (port_ != nullptr) port_->CancelStream();
}

}  // namespace mantlet::http2
