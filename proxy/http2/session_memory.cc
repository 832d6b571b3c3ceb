#include "proxy/http2/session_memory.h"

#include <cstdlib>

#include "proxy/base/check.h"
#include "proxy/base/exhaustion.h"

namespace mantlet::http2 {
namespace {

// The largest block that a session is made with is its frame buffer: a frame of 16 KiB, its header
// and a byte of padding.
constexpr size_t kLeastFrameBytes = 16 * 1024;
constexpr size_t kFrameBytes = kLeastFrameBytes + 64;

}  // namespace

SessionMemory::SessionMemory(base::BlockPool& blocks)
    : blocks_(blocks), frame_(new char[kFrameBytes]) {
  mem_.mem_user_data = this;
  mem_.malloc = [](size_t size, void* memory) {
    return static_cast<SessionMemory*>(memory)->Allocate(size);
  };
  mem_.free = [](void* block, void* memory) { static_cast<SessionMemory*>(memory)->Free(block); };
  mem_.calloc = [](size_t count, size_t size, void*) { return base::CallocOrEnd(count, size); };
  mem_.realloc = [](void* block, size_t size, void* memory) {
    return static_cast<SessionMemory*>(memory)->Reallocate(block, size);
  };
}

void* SessionMemory::Allocate(size_t size) {
  if (making_ && size >= kLeastFrameBytes && size <= kFrameBytes) return frame_.get();
  void* const block = blocks_.Allocate(size);
  if (block == nullptr && size != 0) base::EndOutOfMemory();
  return block;
}

void* SessionMemory::Reallocate(void* block, size_t size) {
  if (block == nullptr) return Allocate(size);
  MANTLET_CHECK(block != frame_.get(), "nghttp2 wants a larger frame buffer than it began with");
  return base::ReallocOrEnd(block, size);
}

void SessionMemory::Free(void* block) {
  if (block != frame_.get()) blocks_.Free(block);
}

SessionPtr SessionMemory::New(Maker maker, const nghttp2_session_callbacks* callbacks,
                              void* user_data, const nghttp2_option& option) {
  nghttp2_session* session = nullptr;
  making_ = true;
  const int status = maker(&session, callbacks, user_data, &option, &mem_);
  making_ = false;
  MANTLET_CHECK(status == 0, "only a lack of memory is a reason, and that ends the process");
  return SessionPtr(session);
}

SessionPtr SessionMemory::NewServer(const nghttp2_session_callbacks* callbacks, void* user_data,
                                    const nghttp2_option& option) {
  return New(nghttp2_session_server_new3, callbacks, user_data, option);
}

SessionPtr SessionMemory::NewClient(const nghttp2_session_callbacks* callbacks, void* user_data,
                                    const nghttp2_option& option) {
  return New(nghttp2_session_client_new3, callbacks, user_data, option);
}

}  // namespace mantlet::http2
