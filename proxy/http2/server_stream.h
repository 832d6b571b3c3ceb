// ServerStream is one stream of a ServerCodec: the request that the client sends on it, and the
// writer of its response. Its owner, which is its handler too, makes it when the codec asks for
// one, and destroys it after OnStreamClosed().
//
// One loop's thread only.

#ifndef MANTLET_PROXY_HTTP2_SERVER_STREAM_H_
#define MANTLET_PROXY_HTTP2_SERVER_STREAM_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <memory_resource>
#include <optional>
#include <string>
#include <string_view>

#include "proxy/base/proxy_error.h"
#include "proxy/http/codec.h"
#include "proxy/http/message.h"
#include "proxy/http2/head_reader.h"
#include "proxy/http2/message_writer.h"
#include "proxy/http2/stream_bytes.h"
#include "proxy/io/byte_stream.h"

namespace mantlet::http2 {

class ServerCodec;

class ServerStream final : public http::ResponseWriter, private StreamBytes::Port {
 public:
  // Receives the request, as http::RequestSink, outside of nghttp2's callbacks but for content and
  // what follows it: these may come from inside one. Nothing that it calls destroys the stream.
  class Handler : public http::RequestSink {
   public:
    // The request cannot be forwarded, or no more of it. Instead of OnRequestHead(), or after it.
    virtual void OnRequestRefused(const http::RequestHead& head, base::ProxyError error) = 0;
    // Everything that one read brought has been delivered.
    virtual void OnRequestFlush() = 0;
    // PauseRequest(false) was called: the client may send more content.
    virtual void OnRequestResumed() = 0;
    // The client has been sent what had been written; more is welcome.
    virtual void OnResponseDrained() = 0;
    // The stream has ended in both directions; `error` if it was reset. The last call.
    virtual void OnStreamClosed(std::optional<base::ProxyError> error) = 0;

   protected:
    ~Handler() override = default;
  };

  // Both outlive the stream.
  ServerStream(ServerCodec& codec, Handler& handler);
  ~ServerStream();

  // RFC 9113 section 5.1.1; 0 before the codec has taken the stream.
  int32_t id() const { return id_; }
  const http::RequestHead& request() const { return head_; }
  bool request_complete() const { return request_complete_; }
  bool response_complete() const { return writer_.ended(); }
  bool closed() const { return closed_; }
  // The request's content is held back, because it has nowhere to go.
  bool paused() const { return paused_; }

  // http::ResponseWriter
  void WriteInterim(const http::ResponseHead& head) override;
  void WriteHead(const http::ResponseHead& head) override;
  void WriteBody(std::string_view piece) override;
  void WriteEnd(const http::HeaderList& trailers) override;
  http::LocalReply WriteLocalReply(int status, std::string_view text) override;
  void Flush() override;
  size_t buffered() const override { return writer_.queued(); }
  size_t buffer_limit() const override;
  size_t untaken() const override;
  void PauseRequest(bool paused) override;
  size_t TakenBetween(size_t before, size_t now) const override {
    return MessageWriter::TakenBetween(before, now);
  }
  // What is buffered waits for the connection, and not for the stream's window alone.
  bool awaits_connection() const override;
  size_t sharers() const override;

  // TakeTunnel returns the bytes that both sides send after a response with status 101 to an
  // extended CONNECT (RFC 8441). Called at most once. The stream may be closed before the bytes are
  // read.
  std::unique_ptr<io::ByteStream> TakeTunnel();

  // Ends the stream at once with RST_STREAM, an NGHTTP2_* error code; nothing if it is closed.
  void Reset(uint32_t error_code);

 private:
  friend class ServerCodec;

  // Bounds what one stream makes us hold in either direction, beside the client's window.
  static constexpr size_t kBufferBytes = 64 * 1024;

  // What has been received and not been delivered yet.
  enum Pending : uint8_t { kHead = 1, kTrailers = 2, kEnd = 4 };

  // StreamBytes::Port
  void WriteContent(std::string_view bytes) override { WriteBody(bytes); }
  void EndContent() override { WriteEnd({}); }
  void FlushContent() override { Flush(); }
  void ConsumeContent(size_t size) override;
  void CancelStream() override { Reset(NGHTTP2_CANCEL); }
  size_t unsent_content() const override { return writer_.queued(); }
  size_t untaken_content() const override { return untaken(); }
  void OnBytesGone() override { bytes_ = nullptr; }

  void Deliver();
  void DeliverTunnel();
  void OnContentSent();
  void OnClosed();
  void ReceiveContent(std::string_view bytes);
  void Refuse(base::ProxyError error);
  void Consume();
  void SubmitResponse(bool with_content);
  http::LocalReply WriteGrpcReply(int status, std::string_view text);

  ServerCodec& codec_;
  Handler& handler_;
  int32_t id_ = 0;
  http::RequestHead head_;
  http::HeaderList trailers_;
  HeadReader reader_;
  MessageWriter writer_;
  std::pmr::string early_;                   // content that came in the same read as the head
  std::optional<base::ProxyError> refusal_;  // found while reading
  std::optional<base::ProxyError> close_error_;
  uint64_t content_bytes_ = 0;  // received
  uint64_t consumed_ = 0;       // given back to the client's window
  size_t unconsumed_ = 0;       // received, and not yet given back to the client's window
  uint8_t pending_ = 0;
  bool listed_ = false;        // among the codec's touched streams
  bool reading_head_ = false;  // fields of the head, not of the trailers, come
  bool delivered_ = false;     // the handler knows the request
  bool request_complete_ = false;
  bool paused_ = false;
  bool bodyless_ = false;  // the response has no content
  bool head_written_ = false;
  bool was_full_ = false;    // more had been written than could leave
  bool discarding_ = false;  // the handler wants nothing more of the request
  bool peer_reset_ = false;
  bool reset_ = false;            // by Reset()
  bool wide_window_ = false;      // the client may send more at a time than on other streams
  bool tunnel_ = false;           // the request is an extended CONNECT
  StreamBytes* bytes_ = nullptr;  // of the tunnel, while they exist
  bool closed_ = false;
};

}  // namespace mantlet::http2

#endif  // MANTLET_PROXY_HTTP2_SERVER_STREAM_H_
