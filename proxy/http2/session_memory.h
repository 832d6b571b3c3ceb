// SessionMemory is what HTTP/2 sessions of one loop share: the allocator of nghttp2, and
// scratch space for a frame and for a header section, so that an idle connection holds neither.
//
// nghttp2 gives every session a buffer of 16 KiB for the frame that it is writing. Its content
// matters only between two calls of nghttp2_session_mem_send() of the same session, and Transport
// copies every frame before it makes the next call. So all sessions of a thread can have the same
// one. Only the buffer that a session is made with is shared: a header section that needs more gets
// more by itself.
//
// One loop's thread only. Outlives its sessions.

#ifndef MANTLET_PROXY_HTTP2_SESSION_MEMORY_H_
#define MANTLET_PROXY_HTTP2_SESSION_MEMORY_H_

#include <nghttp2/nghttp2.h>

#include <cstddef>
#include <memory>

#include "proxy/base/block_pool.h"
#include "proxy/http2/field_block.h"
#include "proxy/http2/session_ptr.h"

namespace mantlet::http2 {

class SessionMemory {
 public:
  // `blocks` outlives it.
  explicit SessionMemory(base::BlockPool& blocks);
  SessionMemory(const SessionMemory&) = delete;

  SessionPtr NewServer(const nghttp2_session_callbacks* callbacks, void* user_data,
                       const nghttp2_option& option);
  SessionPtr NewClient(const nghttp2_session_callbacks* callbacks, void* user_data,
                       const nghttp2_option& option);

  // Scratch; cleared by who uses it.
  FieldBlock& fields() { return fields_; }

 private:
  using Maker = int (*)(nghttp2_session**, const nghttp2_session_callbacks*, void*,
                        const nghttp2_option*, nghttp2_mem*);

  SessionPtr New(Maker maker, const nghttp2_session_callbacks* callbacks, void* user_data,
                 const nghttp2_option& option);
  void* Allocate(size_t size);
  void* Reallocate(void* block, size_t size);
  void Free(void* block);

  base::BlockPool& blocks_;
  nghttp2_mem mem_;
  std::unique_ptr<char[]> frame_;
  bool making_ = false;  // a session is being made: its buffer is frame_
  FieldBlock fields_;
};

}  // namespace mantlet::http2

#endif  // MANTLET_PROXY_HTTP2_SESSION_MEMORY_H_
