// Stream carries bytes in TLS records over another ByteStream, its transport, and is a ByteStream
// of the plaintext. A Handshake, of either side, opens it; Stream itself knows records only.
//
// Ciphertext is decrypted straight out of the loop's read buffer and encrypted straight into the
// transport's: an open stream that is idle holds no buffer of its own.
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
#include "proxy/io/byte_stream.h"
#include "proxy/io/loop.h"
#include "proxy/tls/transport_bio.h"

// SSL, SSL_CTX. NOLINTBEGIN(readability-identifier-naming): the library's.
struct ssl_st;
struct ssl_ctx_st;
// NOLINTEND(readability-identifier-naming)

namespace mantlet::tls {

class Stream;

// Handshake is the first phase of a Stream: it drives SSL_do_handshake() until it calls
// Complete() or Fail(). A client's handshake takes its first step by itself, after Start().
class Handshake {
 public:
  Handshake(const Handshake&) = delete;
  Handshake& operator=(const Handshake&) = delete;

 protected:
  // `stream` outlives the calls of what follows.
  explicit Handshake(Stream& stream) : stream_(stream) {}
  ~Handshake() = default;

  // Null where the library had no memory for a connection.
  ssl_st* ssl() const;
  // What is below the records. Its handler is the stream.
  io::ByteStream& transport() const;
  // Neither Complete() nor Fail() was called, and the stream is not closed.
  bool in_progress() const;
  // Sends what the library has written, and opens the stream: application data follows when the
  // current call of the stream has returned.
  void Complete();
  // Sends what the library has written, an alert, and ends our direction. What still arrives is
  // discarded, and the end of the transport goes to the stream's handler.
  void Fail();

 private:
  friend class Stream;

  // Bytes have arrived, and the library reads them from its BIO; `arrived` shows them. The stream
  // may be destroyed from inside this and the following calls.
  virtual void OnInput(std::string_view arrived) = 0;
  // There is no SSL. Comes once, from the loop and not from inside Start().
  virtual void OnNoMemory() = 0;
  // The transport has ended, or is broken.
  virtual void OnTransportEnd() = 0;
  virtual void OnTransportError(const io::StreamError& error) = 0;

  Stream& stream_;
};

class Stream : public io::ByteStream, private io::ByteStreamHandler, private TransportBio::Output {
 public:
  // Shares `ctx`, and with it what its certificates are kept in. Start() must follow.
  Stream(io::Loop& loop, std::unique_ptr<io::ByteStream> transport,
         std::shared_ptr<ssl_ctx_st> ctx);
  ~Stream() override;

  // Begins to read, for `handshake`, which outlives the stream or ends with it.
  void Start(Handshake& handshake);

  void SetHandler(io::ByteStreamHandler* handler) final { handler_ = handler; }
  void SetReading(bool reading) final;
  // Fills whole records: up to 16 KiB wait for Flush(). Does nothing before the handshake is
  // complete.
  void Write(std::string_view bytes) final;
  void Flush() final;
  void QuickAck() final { transport_->QuickAck(); }
  size_t buffered() const final { return plaintext_.size() + transport_->buffered(); }
  size_t untaken() const final { return plaintext_.size() + transport_->untaken(); }
  bool IsQuiet() const final {
    return held_.empty() && peer_end_ == PeerEnd::kNone && !bio_.input_ended &&
           transport_->IsQuiet();
  }
  // Sends close_notify behind everything written, then the transport's end.
  void ShutdownWrite() final;
  void Close() final;
  // Sends no close_notify, and resets the transport: an incomplete message cannot look whole.
  void Abort() final;

  // The protocol that ALPN has chosen (RFC 7301); empty: none. Valid as long as the stream.
  std::string_view alpn() const;

 private:
  friend class Handshake;

  enum class State : uint8_t {
    kHandshake,
    kOpen,
    kFailed,  // the handshake has failed; what arrives is discarded
    kClosed,  // no callback follows
  };
  // The peer's end of data, close_notify (RFC 8446 section 6.1).
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
  void Advance();  // as far as the ciphertext at hand leads
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
  TransportBio bio_{this};                 // its input: what the current call brought
  ssl_st* ssl_;                            // null: there was no memory for it
  // Set: bytes that were written are lost, and the stream is about to fail for this reason.
  std::unique_ptr<const std::string> write_error_;
  io::DeferredCall deferred_;
  base::Lifetime lifetime_;
  State state_ = State::kHandshake;
  PeerEnd peer_end_ = PeerEnd::kNone;
  bool reading_ = true;
  bool shutdown_sent_ = false;
  std::string held_;       // ciphertext that the library has not taken, kept over a pause
  std::string plaintext_;  // written, not yet encrypted
};

}  // namespace mantlet::tls

#endif  // MANTLET_PROXY_TLS_STREAM_H_
