#include "proxy/http1/body_writer.h"

#include <string>

#include "proxy/http1/serializer.h"

namespace mantlet::http1 {

void WriteBody(io::ByteStream& to, std::string_view piece, bool chunked) {
  if (!chunked) {
    to.Write(piece);
    return;
  }
  if (piece.empty()) return;
  std::string header;  // "ffffffff\r\n" at most: never allocates
  AppendChunkHeader(header, piece.size());
  to.Write(header);
  to.Write(piece);
  to.Write(kChunkEnd);
}

void WriteLastChunk(io::ByteStream& to, const http::HeaderList& trailers) {
  std::string last;
  AppendLastChunk(last, trailers.Lines(0, trailers.size()));
  to.Write(last);
}

}  // namespace mantlet::http1
