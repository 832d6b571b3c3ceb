#include "proxy/tls/stream.h"

#include <openssl/bio.h>
#include <openssl/ssl.h>

#include <algorithm>
#include <limits>
#include <span>
#include <utility>

#include "absl/strings/str_cat.h"
#include "proxy/base/check.h"
#include "proxy/tls/tls_errors.h"
#include "proxy/x509/byte_view.h"
#include "proxy/x509/openssl_errors.h"

namespace mantlet::tls {
namespace {

constexpr size_t kRecordBytes = SSL3_RT_MAX_PLAIN_LENGTH;

}  // namespace

// ---- Handshake

ssl_st* Handshake::ssl() const { return stream_.ssl_; }
io::ByteStream& Handshake::transport() const { return *stream_.transport_; }
bool Handshake::in_progress() const { return stream_.state_ == Stream::State::kHandshake; }

void Handshake::Complete() {
  MANTLET_CHECK(in_progress(), "a handshake is completed once");
  stream_.transport_->Flush();
  stream_.state_ = Stream::State::kOpen;
}

void Handshake::Fail() {
  stream_.state_ = Stream::State::kFailed;
  stream_.transport_->Flush();
  stream_.transport_->ShutdownWrite();
}

// ---- Stream

Stream::Stream(io::Loop& loop, std::unique_ptr<io::ByteStream> transport,
               std::shared_ptr<ssl_ctx_st> ctx)
    : loop_(loop),
      transport_(std::move(transport)),
      ctx_(std::move(ctx)),
      ssl_(NewSsl()),
      deferred_(loop, [this] { OnDeferred(); }) {}

Stream::~Stream() { SSL_free(ssl_); }

// Returns null if the library has no memory.
ssl_st* Stream::NewSsl() {
  SSL* ssl = SSL_new(ctx_.get());
  BIO* bio = bio_.NewBio();
  if (ssl == nullptr || bio == nullptr) {
    SSL_free(ssl);
    BIO_free(bio);
    return nullptr;
  }
  SSL_set_shed_handshake_config(ssl, 1);
  SSL_set_bio(ssl, bio, bio);
  return ssl;
}

void Stream::Start(Handshake& handshake) {
  MANTLET_CHECK(handshake_ == nullptr, "a stream has one handshake");
  handshake_ = &handshake;
  transport_->SetHandler(this);
  if (ssl_ != nullptr) {
    transport_->SetReading(true);
    return;
  }
  // There is no SSL. The handshake is informed later: its owner may still be under construction.
  // Until then nothing is read.
  deferred_.Schedule();
}

void Stream::OnDeferred() {
  if (write_error_ != nullptr) {
    if (state_ == State::kOpen) FailStream(*write_error_);
    return;
  }
  if (ssl_ != nullptr) {
    ResumeHeld();
    return;
  }
  if (state_ != State::kHandshake) return;
  const base::Lifetime::Watch watch(lifetime_);
  handshake_->OnNoMemory();
  if (!watch.ended() && state_ == State::kFailed) transport_->SetReading(true);
}

void Stream::SetReading(bool reading) {
  if (reading_ == reading || state_ == State::kClosed) return;
  reading_ = reading;
  if (!reading) {
    transport_->SetReading(false);
    return;
  }
  const bool in_hand = !held_.empty() || bio_.input_ended || peer_end_ != PeerEnd::kNone ||
                       (ssl_ != nullptr && SSL_pending(ssl_) > 0);
  if (in_hand) {
    deferred_.Schedule();
  } else {
    transport_->SetReading(true);
  }
}

// Delivers the input that was kept while reading was paused.
void Stream::ResumeHeld() {
  if (!reading_ || state_ == State::kClosed) return;
  if (!bio_.input_ended) transport_->SetReading(true);
  std::string held = std::move(held_);
  held_ = std::string();
  bio_.input = held;
  Advance();
  // `held` is destroyed here; KeepRest() has saved the unread bytes.
}

void Stream::OnData(std::string_view bytes) {
  if (state_ == State::kFailed || state_ == State::kClosed) return;
  if (held_.empty()) {
    bio_.input = bytes;
    Advance();
    return;
  }
  // Reading is paused and input is held; the transport had more data under way.
  held_.append(bytes);
}

void Stream::OnEnd() {
  bio_.input_ended = true;
  switch (state_) {
    case State::kHandshake:
      handshake_->OnTransportEnd();
      return;
    case State::kOpen:
      if (reading_ && held_.empty()) Advance();
      return;
    case State::kFailed:
      if (handler_ != nullptr) handler_->OnEnd();
      return;
    case State::kClosed:
      return;
  }
}

void Stream::OnStreamError(const io::StreamError& error) {
  if (state_ == State::kHandshake) {
    handshake_->OnTransportError(error);
    return;
  }
  // An invalid record may have closed the stream before the transport failed.
  if (state_ == State::kClosed) return;
  state_ = State::kClosed;
  if (handler_ != nullptr) handler_->OnStreamError(error);
}

void Stream::OnDrained() {
  if (state_ == State::kClosed) return;
  if (handler_ != nullptr) handler_->OnDrained();
}

void Stream::Advance() {
  const base::Lifetime::Watch watch(lifetime_);
  if (state_ == State::kHandshake) {
    handshake_->OnInput(bio_.input);
    if (watch.ended()) return;
  }
  if (state_ == State::kOpen) {
    ReadAll(watch);
    if (watch.ended()) return;
  }
  KeepRest();
}

// Copies the remaining ciphertext out of the loop's buffer.
void Stream::KeepRest() {
  if (!bio_.input.empty() && state_ == State::kOpen) held_.assign(bio_.input);
  bio_.input = {};
}

void Stream::ReadAll(const base::Lifetime::Watch& watch) {
  std::span<char> out = loop_.plaintext_buffer();
  while (reading_ && peer_end_ != PeerEnd::kDelivered) {
    // Several records are collected so that the handler receives few, large pieces.
    size_t filled = 0;
    int error = SSL_ERROR_NONE;
    std::string reason;
    x509::ClearErrors();
    while (filled < out.size()) {
      int n = SSL_read(ssl_, out.data() + filled, static_cast<int>(out.size() - filled));
      if (n <= 0) {
        error = SSL_get_error(ssl_, n);
        // Read the errors now: the handler may use the library before they are reported.
        if (error == SSL_ERROR_SSL) reason = TakeExplainedErrors();
        break;
      }
      filled += static_cast<size_t>(n);
      if (bio_.input.empty() && !bio_.input_ended && SSL_has_pending(ssl_) == 0) {
        // SSL_read() would return this; the call would cost as much as a small record.
        error = SSL_ERROR_WANT_READ;
        break;
      }
    }
    if (filled > 0) {
      handler_->OnData({out.data(), filled});
      if (watch.ended() || state_ != State::kOpen) return;
    }
    if (error == SSL_ERROR_NONE) continue;
    // A KeyUpdate may have requested a response.
    transport_->Flush();
    if (error == SSL_ERROR_WANT_READ) return;
    if (error == SSL_ERROR_ZERO_RETURN) {
      peer_end_ = PeerEnd::kPending;  // kept while reading is paused
      if (reading_) DeliverEnd();
      return;
    }
    if (bio_.input_ended && reason.empty()) {
      // A FIN without close_notify is not a regular end of the data: the peer crashed or broke off
      // (RFC 8446 section 6.1).
      reason = absl::StrCat("the ", SSL_is_server(ssl_) ? "client" : "server",
                            " closed the connection without close_notify");
    }
    FailStream(std::move(reason));
    return;
  }
}

void Stream::DeliverEnd() {
  peer_end_ = PeerEnd::kDelivered;
  handler_->OnEnd();
}

void Stream::FailStream(std::string detail) {
  transport_->Flush();  // sends the alert
  state_ = State::kClosed;
  handler_->OnStreamError({io::StreamFailure::kTls, std::move(detail)});
}

void Stream::Write(std::string_view bytes) {
  if (state_ != State::kOpen || shutdown_sent_) return;
  if (plaintext_->empty() && bytes.size() >= kRecordBytes) {
    Encrypt(bytes);
    return;
  }
  if (!plaintext_) plaintext_ = loop_.buffers().Acquire();
  size_t room = kRecordBytes - std::min(plaintext_->size(), kRecordBytes);
  plaintext_->append(bytes.substr(0, room));
  bytes.remove_prefix(std::min(room, bytes.size()));
  if (plaintext_->size() < kRecordBytes) return;
  Encrypt(*plaintext_);
  plaintext_->clear();
  if (!bytes.empty()) Write(bytes);
}

void Stream::Encrypt(std::string_view bytes) {
  if (write_error_ != nullptr) return;
  MANTLET_CHECK(bytes.size() <= std::numeric_limits<int>::max(), "SSL_write() takes an int");
  const int size = static_cast<int>(bytes.size());
  x509::ClearErrors();
  const int written = SSL_write(ssl_, bytes.data(), size);
  if (written == size) return;
  MANTLET_CHECK(written <= 0, "SSL_write() writes all or nothing to a BIO that takes everything");
  // There is no memory, or the peer's last record was damaged. Bytes are lost, so the message that
  // they belong to must not look complete.
  write_error_ = std::make_unique<const std::string>(TakeExplainedErrors());
  deferred_.Schedule();
}

void Stream::Flush() {
  if (state_ == State::kClosed) return;
  if (!plaintext_->empty()) {
    Encrypt(*plaintext_);
    plaintext_.Release();
  }
  transport_->Flush();
}

void Stream::ShutdownWrite() {
  if (shutdown_sent_ || state_ == State::kClosed) return;
  if (state_ == State::kOpen) {
    Flush();
    x509::ClearErrors();
    // If this fails for lack of memory, the peer gets no close_notify and treats the stream as
    // truncated.
    if (write_error_ == nullptr) SSL_shutdown(ssl_);
  }
  shutdown_sent_ = true;
  transport_->Flush();
  transport_->ShutdownWrite();
}

void Stream::Close() {
  state_ = State::kClosed;
  transport_->Close();
}

void Stream::Abort() {
  state_ = State::kClosed;
  transport_->Abort();
}

std::string_view Stream::alpn() const {
  if (ssl_ == nullptr) return {};
  const uint8_t* name = nullptr;
  unsigned size = 0;
  SSL_get0_alpn_selected(ssl_, &name, &size);
  return x509::View(name, size);
}

}  // namespace mantlet::tls
