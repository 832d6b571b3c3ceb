// The seam between an exchange and the protocol on each of its two sides. A message passes
// it as values and pieces of content, whatever version of HTTP carried it:
//
//   parser -> RequestSink -> exchange -> RequestWriter -> upstream
//   client <- ResponseWriter <- exchange <- ResponseHandler <- upstream
//
// HTTP/1 implements both halves of both sides in proxy/http1/server_codec.h and
// client_codec.h. Everything here belongs to one loop's thread.

#ifndef MANTLET_PROXY_HTTP_CODEC_H_
#define MANTLET_PROXY_HTTP_CODEC_H_

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

#include "proxy/base/proxy_error.h"
#include "proxy/http/forwarding.h"
#include "proxy/http/header_list.h"
#include "proxy/http/message.h"

namespace mantlet::io {
class ByteStream;
}

namespace mantlet::http {

// Receives the events of a request, in this order: head, pieces of content, trailers (only if
// there are any), end. Called from inside a parser, which it must neither destroy nor call.
// References and views are valid during the call; the head also until the next request begins.
class RequestSink {
 public:
  virtual ~RequestSink() = default;
  virtual void OnRequestHead(RequestHead& head) = 0;
  virtual void OnRequestBody(std::string_view piece) = 0;
  virtual void OnRequestTrailers(const HeaderList& trailers) = 0;
  virtual void OnRequestEnd() = 0;
};

// Receives the events of a response: any number of interim heads (1xx except 101), then head,
// pieces of content, trailers (only if there are any), end. Called from inside a parser, which
// it must neither destroy nor call.
class ResponseSink {
 public:
  virtual ~ResponseSink() = default;
  virtual void OnInterimResponse(ResponseHead& head) = 0;
  virtual void OnResponseHead(ResponseHead& head) = 0;
  virtual void OnResponseBody(std::string_view piece) = 0;
  virtual void OnResponseTrailers(const HeaderList& trailers) = 0;
  virtual void OnResponseEnd() = 0;
};

// Takes the response of one request for its client. What is written leaves at the next
// Flush() at the latest.
class ResponseWriter {
 public:
  virtual void WriteInterim(const ResponseHead& head) = 0;
  // WriteHead takes the head as the upstream sent it; the forwarding rules are applied here
  // (proxy/http/forwarding.h).
  virtual void WriteHead(const ResponseHead& head) = 0;
  virtual void WriteBody(std::string_view piece) = 0;
  // WriteEnd takes the trailers that may be forwarded; often none.
  virtual void WriteEnd(const HeaderList& trailers) = 0;
  // WriteLocalReply writes a complete response of mantlet's own, with `text` in its content,
  // and returns the bytes of content that the client gets.
  virtual size_t WriteLocalReply(int status, std::string_view text) = 0;
  virtual void Flush() = 0;
  // Bytes written that the kernel has not taken yet: the measure for back-pressure.
  virtual size_t buffered() const = 0;
  // The same and what lies in the kernel: the measure for progress (io::ByteStream).
  virtual size_t untaken() const = 0;
  // PauseRequest(true) asks for no more of the request's content: it cannot be sent anywhere
  // for now.
  virtual void PauseRequest(bool paused) = 0;

 protected:
  ~ResponseWriter() = default;
};

// Receives the response to the request of one RequestWriter, and what becomes of the stream.
// The writer must not be destroyed from inside OnInterimResponse, OnResponseHead,
// OnResponseBody and OnResponseTrailers; from inside the others it may.
class ResponseHandler {
 public:
  virtual void OnInterimResponse(const ResponseHead& head) = 0;
  // `head` is valid until the writer is destroyed.
  virtual void OnResponseHead(const ResponseHead& head) = 0;
  virtual void OnResponseBody(std::string_view piece) = 0;
  virtual void OnResponseTrailers(const HeaderList& trailers) = 0;
  virtual void OnResponseEnd() = 0;
  // Everything that one read brought has been delivered, and more is to come: time to flush.
  virtual void OnResponseFlush() = 0;
  // The upstream has taken everything that was buffered.
  virtual void OnRequestDrained() = 0;
  // The stream is dead: there will be no response, or no more of it.
  virtual void OnUpstreamError(base::ProxyError error) = 0;

 protected:
  ~ResponseHandler() = default;
};

// The connection that has changed protocols (RFC 9110 section 7.8), and the bytes of the new
// protocol that were read with the 101.
struct UpgradedStream {
  std::unique_ptr<io::ByteStream> stream;
  std::string received;
};

// Sends one request to an upstream.
class RequestWriter {
 public:
  virtual ~RequestWriter() = default;

  // WriteHead begins the request; its response goes to `handler`, which outlives the writer or
  // is told of the response's end or of an error before.
  virtual void WriteHead(const RequestHead& head, const RequestForwarding& how,
                         ResponseHandler& handler) = 0;
  virtual void WriteBody(std::string_view piece) = 0;
  // WriteEnd takes the trailers that may be forwarded; often none.
  virtual void WriteEnd(const HeaderList& trailers) = 0;
  virtual void Flush() = 0;
  // PauseResponse(true) asks for no more of the response.
  virtual void PauseResponse(bool paused) = 0;
  // As in ResponseWriter.
  virtual size_t buffered() const = 0;
  virtual size_t untaken() const = 0;
  // Whether the connection has carried a request before, or has been idle: the upstream may be
  // closing it.
  virtual bool reused() const = 0;
  // Whether a byte of the response has come, if only of an interim one.
  virtual bool response_begun() const = 0;
  // TakeUpgraded gives away the connection after a response with status 101. Nothing but the
  // destructor is called afterwards.
  virtual UpgradedStream TakeUpgraded() = 0;
};

}  // namespace mantlet::http

#endif  // MANTLET_PROXY_HTTP_CODEC_H_
