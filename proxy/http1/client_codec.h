// ClientCodec is the client side of HTTP/1 on one connection to an upstream (RFC 9112). It writes
// requests and reads their responses, one after the other.
//
// It handles the stream's events and passes those of the response to the http::ResponseHandler
// given to WriteHead(). Between requests it reports to its Observer: no bytes are expected then,
// and any event makes the connection unusable. One loop's thread only.

#ifndef MANTLET_PROXY_HTTP1_CLIENT_CODEC_H_
#define MANTLET_PROXY_HTTP1_CLIENT_CODEC_H_

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "proxy/http/codec.h"
#include "proxy/http1/parse_result.h"
#include "proxy/http1/response_parser.h"
#include "proxy/io/buffer_pool.h"
#include "proxy/io/byte_stream.h"

namespace mantlet::http1 {

class ClientCodec final : public http::RequestWriter,
                          private io::ByteStreamHandler,
                          private http::ResponseSink {
 public:
  struct Options {
    ParserLimits limits;
    // The configuration keys of limits.header_bytes and limits.header_count, for error messages.
    std::string_view header_bytes_key = {};
    std::string_view header_count_key = {};
  };
  class Observer {
   public:
    // The upstream has closed an idle connection, or has sent bytes without a request.
    virtual void OnIdleLost() = 0;

   protected:
    ~Observer() = default;
  };

  // `stream` must be connected. `buffers` must outlive the codec.
  ClientCodec(std::unique_ptr<io::ByteStream> stream, io::BufferPool& buffers,
              const Options& options);

  // Sets the listener for the events of an idle connection; null for none.
  void SetObserver(Observer* observer) { observer_ = observer; }

  // http::RequestWriter
  void WriteHead(const http::RequestHead& head, const http::RequestForwarding& forwarding,
                 http::ResponseHandler& handler) override;
  void WriteBody(std::string_view piece) override;
  void WriteEnd(const http::HeaderList& trailers) override;
  void Flush() override { stream_->Flush(); }
  void PauseResponse(bool paused) override;
  size_t buffered() const override { return stream_->buffered(); }
  size_t untaken() const override { return stream_->untaken(); }
  bool reused() const override { return requests_ > 1 || was_idle_; }
  bool response_begun() const override { return response_begun_; }
  http::UpgradedStream TakeUpgraded() override;

  // Detaches the exchange, which receives no more events. Returns whether the connection can carry
  // another request: the last request was sent and read completely, its response was complete, and
  // nothing followed the response.
  bool FinishRequest();
  // Closes the stream. No event is reported afterwards.
  void Close();
  // Returns the head of the last response; null if none has begun since the last request.
  const http::ResponseHead* response_head() const {
    return response_begun_ ? &parser_.head() : nullptr;
  }
  // Marks the connection as idle. The upstream may be closing it when the next request is sent.
  void SetIdle() { was_idle_ = true; }
  // Returns whether nothing waits to be read, neither bytes nor the end of the stream. For an idle
  // connection; costs one system call.
  bool IsQuiet() const { return stream_->IsQuiet(); }

 private:
  // io::ByteStreamHandler
  void OnData(std::string_view bytes) override;
  void OnEnd() override;
  void OnStreamError(const io::StreamError& error) override;
  void OnDrained() override;
  // http::ResponseSink
  void OnInterimResponse(http::ResponseHead& head) override { handler_->OnInterimResponse(head); }
  void OnResponseHead(http::ResponseHead& head) override { handler_->OnResponseHead(head); }
  void OnResponseBody(std::string_view piece) override { handler_->OnResponseBody(piece); }
  void OnResponseTrailers(const http::HeaderList& t) override { handler_->OnResponseTrailers(t); }
  void OnResponseEnd() override {}

  base::ProxyError ErrorOf(const ParseError& error) const;
  void Lost(base::ProxyError error);

  std::unique_ptr<io::ByteStream> stream_;
  io::BufferPool& buffers_;
  const Options options_;
  ResponseParser parser_;
  http::ResponseHandler* handler_ = nullptr;  // set while a request is in flight
  Observer* observer_ = nullptr;
  std::string upgraded_bytes_;  // bytes after a 101
  uint64_t requests_ = 0;
  bool was_idle_ = false;
  bool chunked_ = false;  // the request's content is chunked
  bool request_complete_ = true;
  bool response_begun_ = false;
  bool response_paused_ = false;
  bool clean_ = true;  // the last response was complete, nothing followed it, and it persists
};

}  // namespace mantlet::http1

#endif  // MANTLET_PROXY_HTTP1_CLIENT_CODEC_H_
