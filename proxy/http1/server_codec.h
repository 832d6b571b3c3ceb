// ServerCodec is the server's side of HTTP/1 on one connection (RFC 9112): it reads requests
// one after the other and writes their responses. It knows no timers and decides nothing about
// the connection: its owner does, from what it reports.
//
// Belongs to one connection and its loop's thread. Allocates nothing per request once warm: a
// parser is taken from the pool for each request, text is rendered into a buffer of the loop's.

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
  // All of them outlive the codec.
  ServerCodec(ParserPool& parsers, io::BufferPool& buffers, io::ByteStream& stream)
      : parsers_(parsers), buffers_(buffers), stream_(stream) {}

  // ---- requests

  // Reads a piece of what the client sends; `limits` hold for a request that begins with it.
  ParseResult Read(std::string_view bytes, const ParserLimits& limits, http::RequestSink& sink);
  // Whether no byte of a request has been read that is not answered.
  bool between_requests() const { return parser_ == nullptr || parser_->Idle(); }
  // The request that is being read, or the last one; after an error what was read of it.
  // Requires that Read() was called since the last ReleaseParser().
  const http::RequestHead& request() const { return parser_->head(); }
  // Gives the parser back, unless it holds a part of a request.
  void ReleaseParser();

  // ---- responses to request()

  void WriteInterim(const http::ResponseHead& head);
  // `keep_alive`: another request may follow. keep_alive() then tells what the client was told.
  void WriteHead(const http::ResponseHead& head, bool keep_alive);
  void WriteBody(std::string_view piece);
  void WriteEnd(const http::HeaderList& trailers);
  // A short text/plain response of mantlet's own. Returns the bytes of its content.
  size_t WriteLocalReply(int status, std::string_view text, bool keep_alive);
  // Whether the head that was written last lets the connection persist.
  bool keep_alive() const { return keep_alive_; }

 private:
  template <typename Render>
  void WriteText(Render render);

  ParserPool& parsers_;
  io::BufferPool& buffers_;
  io::ByteStream& stream_;
  std::unique_ptr<RequestParser> parser_;  // null between requests
  bool chunked_ = false;                   // the response's content
  bool keep_alive_ = false;
};

}  // namespace mantlet::http1

#endif  // MANTLET_PROXY_HTTP1_SERVER_CODEC_H_
