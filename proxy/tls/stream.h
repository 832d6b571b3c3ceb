// Stream is a TLS connection over another ByteStream, its transport. It is a ByteStream of the
// plaintext. A Handshake, of the server or the client side, opens it; Stream itself handles records
// only.
//
// Ciphertext is decrypted directly from the loop's read buffer and encrypted directly into the
// transport's buffer: an open stream that is idle holds no buffer.
//
// Belongs to one loop's thread. The handler may destroy the stream from inside any callback.

#ifndef MANTLET_PROXY_TLS_STREAM_H_
#define MANTLET_PROXY_TLS_STREAM_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "proxy/base/lifetime.h"
#include "proxy/io/buffer_pool.h"
#include "proxy/io/byte_stream.h"
#include "proxy/io/loop.h"
#include "proxy/tls/transport_bio.h"

// SSL, SSL_CTX. NOLINTBEGIN(readability-identifier-naming): the library's.
struct ssl_st;
struct ssl_ctx_st;
// NOLINTEND(readability-identifier-naming)

namespace mantlet::tls {

class Stream;

// Handshake is the first phase of a Stream: it drives SSL_do_handshake() until it calls Complete()
// or Fail(). A client's handshake starts by itself after Start().
class Handshake {
 public:
  Handshake(const Handshake&) = delete;
  Handshake& operator=(const Handshake&) = delete;

 protected:
  // `stream` must outlive all further calls.
  explicit Handshake(Stream& stream) : stream_(stream) {}
  ~Handshake() = default;

  // Returns null if the library had no memory for a connection.
  ssl_st* ssl() const;
  // Returns the transport below the records. Its handler is the stream.
  io::ByteStream& transport() const;
  // Returns true until Complete() or Fail() is called or the stream is closed.
  bool in_progress() const;
  // Sends the library's output and opens the stream. Application data follows when the current call
  // of the stream has returned.
  void Complete();
  // Sends the library's output, an alert, and ends the outgoing direction. Further input is
  // discarded, and the end of the transport is reported to the stream's handler.
  void Fail();

 private:
  friend class Stream;

  // Bytes have arrived. The library reads them from its BIO; `arrived` is a view of them. The
  // stream may be destroyed from inside this and the following calls.
  virtual void OnInput(std::string_view arrived) = 0;
  // The library had no memory for an SSL. Called once, from the loop and not from inside Start().
  virtual void OnNoMemory() = 0;
  // The transport has ended or failed.
  virtual void OnTransportEnd() = 0;
  virtual void OnTransportError(const io::StreamError& error) = 0;

  Stream& stream_;
};

class Stream : public io::ByteStream, private io::ByteStreamHandler, private TransportBio::Output {
 public:
  // Shares `ctx`, including its pool of certificates. Start() must follow.
  Stream(io::Loop& loop, std::unique_ptr<io::ByteStream> transport,
         std::shared_ptr<ssl_ctx_st> ctx);
  ~Stream() override;

  // Starts to read for `handshake`, which must live as long as the stream.
  void Start(Handshake& handshake);

  void SetHandler(io::ByteStreamHandler* handler) final { handler_ = handler; }
  void SetReading(bool reading) final;
  // Fills whole records: up to 16 KiB are kept until Flush(). Does nothing before the handshake is
  // complete.
  void Write(std::string_view bytes) final;
  void Flush() final;
  void QuickAck() final { transport_->QuickAck(); }
  size_t buffered() const final { return plaintext_->size() + transport_->buffered(); }
  size_t untaken() const final { return plaintext_->size() + transport_->untaken(); }
  bool IsQuiet() const final {
    return held_.empty() && peer_end_ == PeerEnd::kNone && !bio_.input_ended &&
           transport_->IsQuiet();
  }
  // Sends close_notify after all written bytes, then ends the transport's outgoing direction.
  void ShutdownWrite() final;
  void Close() final;
  // Sends no close_notify and resets the transport, so that an incomplete message cannot look
  // complete.
  void Abort() final;

  // Returns the protocol that ALPN has chosen (RFC 7301), or an empty view. Valid as long as the
  // stream.
  std::string_view alpn() const;

 private:
  friend class Handshake;

  enum class State : uint8_t {
    kHandshake,
    kOpen,
    kFailed,  // the handshake has failed; further input is discarded
    kClosed,  // no callback follows
  };
  // The state of the peer's end of data, close_notify (RFC 8446 section 6.1).
  enum class PeerEnd : uint8_t { kNone, kPending, kDelivered };

  // io::ByteStreamHandler
  void OnData(std::string_view bytes) override;
  void OnEnd() override;
  void OnStreamError(const io::StreamError& error) override;
  void OnDrained() override;
  // TransportBio::Output
  void OnCiphertext(std::string_view bytes) override { transport_->Write(bytes); }

  ssl_st* NewSsl();
  void OnDeferred();
  void ResumeHeld();
  void Advance();  // processes as much ciphertext as is available
  void ReadAll(const base::Lifetime::Watch& watch);
  void KeepRest();
  void DeliverEnd();
  void FailStream(std::string detail);
  void Encrypt(std::string_view bytes);

  io::Loop& loop_;
  std::unique_ptr<io::ByteStream> transport_;
  Handshake* handshake_ = nullptr;
  io::ByteStreamHandler* handler_ = nullptr;
  const std::shared_ptr<ssl_ctx_st> ctx_;  // outlives ssl_
  TransportBio bio_{this};                 // its input is the bytes of the current call
  ssl_st* ssl_;                            // null if there was no memory for it
  // If set, written bytes are lost, and the stream is about to fail for this reason.
  std::unique_ptr<const std::string> write_error_;
  io::DeferredCall deferred_;
  base::Lifetime lifetime_;
  State state_ = State::kHandshake;
  PeerEnd peer_end_ = PeerEnd::kNone;
  bool reading_ = true;
  bool shutdown_sent_ = false;
  std::string held_;            // ciphertext kept while reading is paused
  io::PooledBuffer plaintext_;  // written, not yet encrypted
};

}  // namespace mantlet::tls

#endif  // MANTLET_PROXY_TLS_STREAM_H_
