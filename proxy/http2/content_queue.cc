#include "proxy/http2/content_queue.h"

namespace mantlet::http2 {
namespace {

// Consumed bytes in front of a queue that never runs empty are given up beyond this.
constexpr size_t kCompactBytes = 64 * 1024;

}  // namespace

void ContentQueue::Append(std::string_view piece) {
  if (piece.empty()) return;
  if (!bytes_) bytes_ = buffers_.Acquire();
  if (consumed_ >= kCompactBytes) {
    bytes_->erase(0, consumed_);
    consumed_ = 0;
  }
  bytes_->append(piece);
}

void ContentQueue::Consume(size_t size) {
  consumed_ += size;
  if (consumed_ == bytes_->size()) Clear();
}

void ContentQueue::Clear() {
  consumed_ = 0;
  bytes_.Release();
}

}  // namespace mantlet::http2
