// ContentQueue holds the content of a message that flow control does not let leave yet (RFC 9113
// section 5.2). It has a buffer of the loop's only while it is not empty. One loop's thread only.

#ifndef MANTLET_PROXY_HTTP2_CONTENT_QUEUE_H_
#define MANTLET_PROXY_HTTP2_CONTENT_QUEUE_H_

#include <cstddef>
#include <string_view>

#include "proxy/io/buffer_pool.h"

namespace mantlet::http2 {

class ContentQueue {
 public:
  // `buffers` outlives the queue.
  explicit ContentQueue(io::BufferPool& buffers) : buffers_(buffers) {}
  ContentQueue(const ContentQueue&) = delete;

  size_t size() const { return bytes_->size() - consumed_; }
  bool empty() const { return size() == 0; }

  void Append(std::string_view piece);
  // Returns the first `size` bytes, which are there; valid until the next change.
  std::string_view Front(size_t size) const {
    return std::string_view(*bytes_).substr(consumed_, size);
  }
  void Consume(size_t size);
  void Clear();

 private:
  io::BufferPool& buffers_;
  io::PooledBuffer bytes_;
  size_t consumed_ = 0;  // of bytes_
};

}  // namespace mantlet::http2

#endif  // MANTLET_PROXY_HTTP2_CONTENT_QUEUE_H_
