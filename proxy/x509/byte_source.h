// ByteSource yields bytes piece by piece, for content that is too large to be held in memory as a
// whole. One thread at a time.

#ifndef MANTLET_PROXY_X509_BYTE_SOURCE_H_
#define MANTLET_PROXY_X509_BYTE_SOURCE_H_

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

#include "absl/status/statusor.h"
#include "absl/types/span.h"

namespace mantlet::x509 {

class ByteSource {
 public:
  virtual ~ByteSource() = default;
  // Fills the front of `buffer`, which must not be empty, and returns the number of bytes. Returns
  // 0 at the end and at every later call. After an error there are no more bytes.
  virtual absl::StatusOr<size_t> Read(absl::Span<uint8_t> buffer) = 0;
};

// MemorySource yields bytes in memory, which the caller owns.
class MemorySource final : public ByteSource {
 public:
  explicit MemorySource(std::string_view bytes) : rest_(bytes) {}

  absl::StatusOr<size_t> Read(absl::Span<uint8_t> buffer) override {
    const size_t size = std::min(buffer.size(), rest_.size());
    if (size != 0) std::memcpy(buffer.data(), rest_.data(), size);
    rest_.remove_prefix(size);
    return size;
  }

 private:
  std::string_view rest_;
};

}  // namespace mantlet::x509

#endif  // MANTLET_PROXY_X509_BYTE_SOURCE_H_
