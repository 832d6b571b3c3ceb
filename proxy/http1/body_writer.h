// Writes the content of a message into a stream, framed as its head says (RFC 9112 sections
// 6 and 7.1). No copy besides the stream's own, and no allocation.

#ifndef MANTLET_PROXY_HTTP1_BODY_WRITER_H_
#define MANTLET_PROXY_HTTP1_BODY_WRITER_H_

#include <string_view>

#include "proxy/http/header_list.h"
#include "proxy/io/byte_stream.h"

namespace mantlet::http1 {

// A piece of content. Nothing for an empty one: an empty chunk would end the content.
void WriteBody(io::ByteStream& to, std::string_view piece, bool chunked);

// The last chunk, and the trailers.
void WriteLastChunk(io::ByteStream& to, const http::HeaderList& trailers);

}  // namespace mantlet::http1

#endif  // MANTLET_PROXY_HTTP1_BODY_WRITER_H_
