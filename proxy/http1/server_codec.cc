#include "proxy/http1/server_codec.h"

#include <string>
#include <utility>

#include "proxy/http1/body_writer.h"
#include "proxy/http1/head_writer.h"
#include "proxy/http1/serializer.h"

namespace mantlet::http1 {

template <typename Render>
void ServerCodec::WriteText(Render render) {
  io::PooledBuffer text = buffers_.Acquire();
  render(*text);
  stream_.Write(*text);
}

ParseResult ServerCodec::Read(std::string_view bytes, const ParserLimits& limits,
                              http::RequestSink& sink) {
  if (parser_ == nullptr) parser_ = parsers_.Acquire(limits);
  return parser_->Parse(bytes, sink);
}

void ServerCodec::ReleaseParser() {
  if (parser_ != nullptr && parser_->IsReset()) parsers_.Release(std::move(parser_));
}

void ServerCodec::WriteInterim(const http::ResponseHead& head) {
  WriteText([&](std::string& text) { AppendInterimHead(head, request().version, text); });
}

void ServerCodec::WriteHead(const http::ResponseHead& head, bool keep_alive) {
  WriteText([&](std::string& text) {
    const WrittenResponse written =
        AppendResponseHead(head, {request().version, request().method, keep_alive}, text);
    chunked_ = written.framing.kind == http::Framing::Kind::kChunked;
    keep_alive_ = written.keep_alive;
  });
}

void ServerCodec::WriteBody(std::string_view piece) { http1::WriteBody(stream_, piece, chunked_); }

void ServerCodec::WriteEnd(const http::HeaderList& trailers) {
  if (chunked_) WriteLastChunk(stream_, trailers);
}

http::LocalReply ServerCodec::WriteLocalReply(int status, std::string_view text, bool keep_alive) {
  ErrorResponse response;
  response.status = status;
  response.reason = text;
  response.keep_alive = keep_alive_ = keep_alive;
  response.client_version = request().version;
  response.head_request = request().method == http::Method::kHead;
  size_t size = 0;
  WriteText([&](std::string& out) { size = AppendErrorResponse(out, response); });
  return {.status = status, .bytes = size};
}

}  // namespace mantlet::http1
