// ServerCodec is the server side of HTTP/1 on one connection (RFC 9112). It reads requests one
// after the other and writes their responses. It has no timers and does not decide about the
// connection; its owner does.
//
// It belongs to one connection and its loop's thread. Once warm, it allocates nothing per request:
// it borrows a parser from the pool for each request and renders text into a buffer of the loop.

#ifndef MANTLET_PROXY_HTTP1_SERVER_CODEC_H_
#define MANTLET_PROXY_HTTP1_SERVER_CODEC_H_

#include <memory>
#include <string_view>

#include "proxy/http/codec.h"
#include "proxy/http/message.h"
#include "proxy/http1/parse_result.h"
#include "proxy/http1/parser_pool.h"
#include "proxy/http1/request_parser.h"
#include "proxy/io/buffer_pool.h"
#include "proxy/io/byte_stream.h"

namespace mantlet::http1 {

class ServerCodec {
 public:
  // All arguments must outlive the codec.
  ServerCodec(ParserPool& parsers, io::BufferPool& buffers, io::ByteStream& stream)
      : parsers_(parsers), buffers_(buffers), stream_(stream) {}

  // ---- requests

  // Reads bytes from the client. `limits` apply to a request that begins with them.
  ParseResult Read(std::string_view bytes, const ParserLimits& limits, http::RequestSink& sink);
  // Returns whether no byte of an unanswered request has been read.
  bool between_requests() const { return parser_ == nullptr || parser_->Idle(); }
  // Returns the request that is being read, or the last one; after an error, what was read of it.
  // Requires that Read() was called since the last ReleaseParser().
  const http::RequestHead& request() const { return parser_->head(); }
  // Returns the parser to the pool unless it holds a part of a request.
  void ReleaseParser();

  // ---- responses to request()

  void WriteInterim(const http::ResponseHead& head);
  // `keep_alive` is true if another request may follow. keep_alive() then returns what the head has
  // announced to the client.
  void WriteHead(const http::ResponseHead& head, bool keep_alive);
  void WriteBody(std::string_view piece);
  void WriteEnd(const http::HeaderList& trailers);
  // Writes a short text/plain response of mantlet's own. Returns the number of bytes of its
  // content.
  http::LocalReply WriteLocalReply(int status, std::string_view text, bool keep_alive);
  // Returns whether the last written head lets the connection persist.
  bool keep_alive() const { return keep_alive_; }

 private:
  template <typename Render>
  void WriteText(Render render);

  ParserPool& parsers_;
  io::BufferPool& buffers_;
  io::ByteStream& stream_;
  std::unique_ptr<RequestParser> parser_;  // null between requests
  bool chunked_ = false;                   // the response's content is chunked
  bool keep_alive_ = false;
};

}  // namespace mantlet::http1

#endif  // MANTLET_PROXY_HTTP1_SERVER_CODEC_H_
