// Functions that write the content of a message to a stream, framed as its head announces (RFC 9112
// sections 6 and 7.1). They copy nothing besides what the stream copies, and allocate nothing.

#ifndef MANTLET_PROXY_HTTP1_BODY_WRITER_H_
#define MANTLET_PROXY_HTTP1_BODY_WRITER_H_

#include <string_view>

#include "proxy/http/header_list.h"
#include "proxy/io/byte_stream.h"

namespace mantlet::http1 {

// Writes a piece of content; writes nothing if it is empty, because an empty chunk would end the
// content.
void WriteBody(io::ByteStream& to, std::string_view piece, bool chunked);

// Writes the last chunk and the trailers.
void WriteLastChunk(io::ByteStream& to, const http::HeaderList& trailers);

}  // namespace mantlet::http1

#endif  // MANTLET_PROXY_HTTP1_BODY_WRITER_H_
