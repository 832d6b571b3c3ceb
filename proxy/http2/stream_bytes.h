// StreamBytes is the byte stream inside one stream of HTTP/2 after an extended CONNECT (RFC 8441
// section 5): the content of its DATA frames in both directions. The tunnel on it knows nothing of
// frames. While it is not read, the peer's window stays closed, so that it holds no more than one
// window.
//
// It and the stream that carries it, its Port, have different owners, and either may go first. One
// loop's thread only.

#ifndef MANTLET_PROXY_HTTP2_STREAM_BYTES_H_
#define MANTLET_PROXY_HTTP2_STREAM_BYTES_H_

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "proxy/base/lifetime.h"
#include "proxy/io/byte_stream.h"
#include "proxy/io/deferred_call.h"
#include "proxy/io/loop.h"

namespace mantlet::http2 {

class StreamBytes final : public io::ByteStream {
 public:
  // Port is the stream that carries the bytes. None of its methods calls StreamBytes.
  class Port {
   public:
    virtual void WriteContent(std::string_view bytes) = 0;
    // Sends END_STREAM after everything that was written.
    virtual void EndContent() = 0;
    virtual void FlushContent() = 0;
    // Opens the peer's window again by `size` bytes, which have been taken.
    virtual void ConsumeContent(size_t size) = 0;
    // Sends RST_STREAM(CANCEL), if the stream is still open.
    virtual void CancelStream() = 0;
    virtual size_t unsent_content() const = 0;
    virtual size_t untaken_content() const = 0;
    // The StreamBytes is being destroyed.
    virtual void OnBytesGone() = 0;

   protected:
    ~Port() = default;
  };

  // `loop` must outlive it; `port` must call Detach() before it ends.
  StreamBytes(io::Loop& loop, Port& port);
  ~StreamBytes() override;
  StreamBytes(const StreamBytes&) = delete;

  // ---- for the Port; they call no handler

  void Receive(std::string_view bytes);
  void ReceiveEnd();                  // END_STREAM has come
  void Fail(io::StreamError error);   // the stream was reset, or its connection is lost
  void ContentSent();                 // nothing is left that was written
  void Detach() { port_ = nullptr; }  // the Port ends

  // ---- io::ByteStream

  void SetHandler(io::ByteStreamHandler* handler) override { handler_ = handler; }
  void SetReading(bool reading) override;
  void Write(std::string_view bytes) override;
  void Flush() override;
  size_t buffered() const override { return port_ == nullptr ? 0 : port_->unsent_content(); }
  size_t untaken() const override { return port_ == nullptr ? 0 : port_->untaken_content(); }
  bool IsQuiet() const override { return inbox_.empty() && !ended_ && !error_; }
  void ShutdownWrite() override;
  void Close() override;
  void Abort() override { Close(); }

 private:
  void Deliver();

  Port* port_;
  io::ByteStreamHandler* handler_ = nullptr;
  io::DeferredCall deliver_;
  base::Lifetime lifetime_;
  std::string inbox_;  // received and not delivered
  std::optional<io::StreamError> error_;
  bool reading_ = false;
  bool ended_ = false;          // END_STREAM has come,
  bool end_delivered_ = false;  // and the handler knows
  bool write_ended_ = false;    // ShutdownWrite() was called
  bool drain_awaited_ = false;  // the last Flush() left something
  bool drained_ = false;        // OnDrained() is due
  bool closed_ = false;
};

}  // namespace mantlet::http2

#endif  // MANTLET_PROXY_HTTP2_STREAM_BYTES_H_
