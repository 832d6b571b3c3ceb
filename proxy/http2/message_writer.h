// MessageWriter sends the content and the trailers of one message as DATA frames and a HEADERS
// frame (RFC 9113 section 8.1), as far as the peer's windows allow: the half that requests and
// responses have in common. nghttp2 asks it for content whenever a frame can leave.
//
// One loop's thread only.

#ifndef MANTLET_PROXY_HTTP2_MESSAGE_WRITER_H_
#define MANTLET_PROXY_HTTP2_MESSAGE_WRITER_H_

#include <nghttp2/nghttp2.h>

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "proxy/http/header_list.h"
#include "proxy/http2/content_queue.h"
#include "proxy/http2/session_memory.h"
#include "proxy/http2/transport.h"
#include "proxy/io/loop.h"

namespace mantlet::http2 {

class MessageWriter {
 public:
  // All of them outlive the writer.
  MessageWriter(Transport& transport, SessionMemory& memory, io::Loop& loop)
      : transport_(transport), memory_(memory), queue_(loop.buffers()), trailers_(&loop.blocks()) {}

  // provider returns what nghttp2_submit_response() and nghttp2_submit_request() take for a message
  // with content. The writer outlives the stream.
  nghttp2_data_provider provider();

  void Write(int32_t stream_id, std::string_view piece);
  // End takes the trailers; often none.
  void End(int32_t stream_id, const http::HeaderList& trailers);

  // Bytes of content that have not left in a frame yet.
  size_t queued() const { return queue_.size(); }
  // A measure that decreases while the peer takes this message (http::ResponseWriter::untaken()).
  // What is queued counts first. If that stays the same and the peer's windows are open, the
  // message waits for the connection, and whatever the peer takes of that is progress. If a window
  // is closed, it is not, because that serves other streams.
  size_t untaken(int32_t stream_id) const;
  // Returns whether the peer's windows hold back what is queued, and not the connection.
  bool held_back(int32_t stream_id) const;
  // Returns how many bytes of content have left in frames between two values of untaken(), if
  // nothing was queued between them.
  static size_t TakenBetween(size_t before, size_t now) {
    before >>= kConnectionBits;
    now >>= kConnectionBits;
    return before > now ? before - now : 0;
  }
  bool ended() const { return ended_; }

  // SendData writes one DATA frame, `length` bytes of content behind its header. Called by the
  // codec's callback of that name.
  void SendData(std::string_view header, size_t length);

 private:
  // More than a connection ever carries; what a stream may queue is far below the rest of 64 bits.
  static constexpr int kConnectionBits = 42;

  ssize_t OnRead(int32_t stream_id, size_t length, uint32_t* flags);
  void Resume(int32_t stream_id);

  Transport& transport_;
  SessionMemory& memory_;
  ContentQueue queue_;
  http::HeaderList trailers_;
  bool ended_ = false;     // End() was called
  bool deferred_ = false;  // nghttp2 has asked in vain, and waits to be told of more
};

}  // namespace mantlet::http2

#endif  // MANTLET_PROXY_HTTP2_MESSAGE_WRITER_H_
