// The interfaces between an exchange and the protocol on each of its two sides. A message passes
// them as values and pieces of content, for every version of HTTP:
//
//   parser -> RequestSink -> exchange -> RequestWriter -> upstream
//   client <- ResponseWriter <- exchange <- ResponseHandler <- upstream
//
// HTTP/1 implements both halves of both sides in proxy/http1/server_codec.h and client_codec.h.
// Everything here belongs to one loop's thread.

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

// RequestSink receives the events of a request in this order: head, pieces of content, trailers
// (only if there are any), end. It is called from inside a parser, which it must neither destroy
// nor call. References and views are valid during the call; the head also until the next request
// begins.
class RequestSink {
 public:
  virtual ~RequestSink() = default;
  virtual void OnRequestHead(RequestHead& head) = 0;
  virtual void OnRequestBody(std::string_view piece) = 0;
  virtual void OnRequestTrailers(const HeaderList& trailers) = 0;
  virtual void OnRequestEnd() = 0;
};

// ResponseSink receives the events of a response: any number of interim heads (1xx except 101),
// then head, pieces of content, trailers (only if there are any), end. It is called from inside a
// parser, which it must neither destroy nor call.
class ResponseSink {
 public:
  virtual ~ResponseSink() = default;
  virtual void OnInterimResponse(ResponseHead& head) = 0;
  virtual void OnResponseHead(ResponseHead& head) = 0;
  virtual void OnResponseBody(std::string_view piece) = 0;
  virtual void OnResponseTrailers(const HeaderList& trailers) = 0;
  virtual void OnResponseEnd() = 0;
};

// LocalReply is a response of mantlet's own, as it was written.
struct LocalReply {
  int status = 0;
  int grpc_status = -1;  // of a response to a gRPC request
  size_t bytes = 0;      // of content
};

// ResponseWriter sends the response of one request to its client. Written bytes are sent by the
// next Flush() at the latest.
class ResponseWriter {
 public:
  virtual void WriteInterim(const ResponseHead& head) = 0;
  // WriteHead takes the head as the upstream sent it and applies the forwarding rules
  // (proxy/http/forwarding.h).
  virtual void WriteHead(const ResponseHead& head) = 0;
  virtual void WriteBody(std::string_view piece) = 0;
  // WriteEnd ends the response. `trailers` holds the fields to forward and is often empty.
  virtual void WriteEnd(const HeaderList& trailers) = 0;
  // WriteLocalReply writes a complete response of mantlet's own, with `text` in its content.
  // Returns what the client gets.
  virtual LocalReply WriteLocalReply(int status, std::string_view text) = 0;
  virtual void Flush() = 0;
  // Returns how many written bytes the kernel has not accepted yet: the measure for back-pressure.
  virtual size_t buffered() const = 0;
  // Returns how much the exchange may buffer in either direction before it pauses the other side.
  virtual size_t buffer_limit() const = 0;
  // Returns the measure for progress, which decreases while the peer reads. For a connection of its
  // own, that is buffered() plus the bytes in the kernel that the peer has not acknowledged
  // (io::ByteStream).
  virtual size_t untaken() const = 0;
  // Returns how many bytes of this response the client has taken between two values of untaken(),
  // the older one first, if nothing was written between them.
  virtual size_t TakenBetween(size_t before, size_t now) const {
    return before > now ? before - now : 0;
  }
  // Returns whether the response waits for the whole connection, and not for the client to take
  // this response: then the owner of the connection watches how fast the client reads.
  virtual bool awaits_connection() const { return false; }
  // Returns how many messages share the connection, and so its least rate.
  virtual size_t sharers() const { return 1; }
  // PauseRequest(true) stops the delivery of request content, because it cannot be forwarded now.
  virtual void PauseRequest(bool paused) = 0;

 protected:
  ~ResponseWriter() = default;
};

// ResponseHandler receives the response to the request of one RequestWriter, and the events of its
// stream. The writer must not be destroyed from inside OnInterimResponse, OnResponseHead,
// OnResponseBody and OnResponseTrailers; it may be destroyed from inside the others.
class ResponseHandler {
 public:
  virtual void OnInterimResponse(const ResponseHead& head) = 0;
  // `head` stays valid until the writer is destroyed.
  virtual void OnResponseHead(const ResponseHead& head) = 0;
  virtual void OnResponseBody(std::string_view piece) = 0;
  virtual void OnResponseTrailers(const HeaderList& trailers) = 0;
  virtual void OnResponseEnd() = 0;
  // All events of one read have been delivered and more will follow: the handler should flush.
  virtual void OnResponseFlush() = 0;
  // Everything that was buffered for the upstream has been written.
  virtual void OnRequestDrained() = 0;
  // The stream has failed. No response follows, or no more of it.
  virtual void OnUpstreamError(base::ProxyError error) = 0;

 protected:
  ~ResponseHandler() = default;
};

// UpgradedStream is a connection that has switched protocols (RFC 9110 section 7.8), with the bytes
// of the new protocol that were read together with the 101.
struct UpgradedStream {
  std::unique_ptr<io::ByteStream> stream;
  std::string received;
};

// RequestWriter sends one request to an upstream.
class RequestWriter {
 public:
  virtual ~RequestWriter() = default;

  // WriteHead begins the request. `handler` receives the response; it must live until the response
  // has ended, an error was reported, or the writer is destroyed.
  virtual void WriteHead(const RequestHead& head, const RequestForwarding& forwarding,
                         ResponseHandler& handler) = 0;
  virtual void WriteBody(std::string_view piece) = 0;
  // WriteEnd ends the request. `trailers` holds the fields to forward and is often empty.
  virtual void WriteEnd(const HeaderList& trailers) = 0;
  virtual void Flush() = 0;
  // PauseResponse(true) stops the delivery of the response.
  virtual void PauseResponse(bool paused) = 0;
  // See ResponseWriter.
  virtual size_t buffered() const = 0;
  virtual size_t untaken() const = 0;
  // Returns whether the connection has carried a request before or has been idle. The upstream may
  // be closing such a connection.
  virtual bool reused() const = 0;
  // Returns whether a byte of the response has arrived; one of an interim response counts.
  virtual bool response_begun() const = 0;
  // TakeUpgraded returns the connection after a response with status 101. Only the destructor may
  // be called afterwards.
  virtual UpgradedStream TakeUpgraded() = 0;
};

}  // namespace mantlet::http

#endif  // MANTLET_PROXY_HTTP_CODEC_H_
