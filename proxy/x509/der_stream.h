// DerStream reads DER (X.690) element by element from a source that is too large to be held in
// memory. Errors are sentences with the subject "it".

#ifndef MANTLET_PROXY_X509_DER_STREAM_H_
#define MANTLET_PROXY_X509_DER_STREAM_H_

#include <cstdint>
#include <functional>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "proxy/x509/byte_source.h"

namespace mantlet::x509 {

class DerStream {
 public:
  // The maximum size of an element that is read as a whole.
  static constexpr size_t kMaxElement = 1 << 20;
  using Tap = std::function<void(std::string_view)>;

  // `source` must outlive the stream.
  explicit DerStream(ByteSource& source);

  // Enters an element: consumes its header, so that its content comes next. Returns the content's
  // length, or an error if the next element has another tag.
  absl::StatusOr<uint64_t> Enter(uint8_t tag);
  // Returns the next element, including its header, of at most kMaxElement bytes. The view is valid
  // until the next call.
  absl::StatusOr<std::string_view> Element(uint8_t tag);
  // Returns the next element's identifier octet, or -1 at the end of the source.
  absl::StatusOr<int> PeekTag();

  // Returns the number of bytes consumed so far.
  uint64_t position() const { return consumed_before_ + next_; }
  // Passes all bytes that are consumed from now on to `tap`, in pieces, until it is replaced. Null
  // removes the tap.
  void SetTap(Tap tap);

 private:
  struct Header {
    uint64_t header = 0;
    uint64_t content = 0;
  };

  // Returns the header of the element that begins at `next_`.
  absl::StatusOr<Header> PeekHeader(uint8_t tag);
  // Returns whether `size` bytes from `next_` on are in the window, after reading them if
  // necessary. Returns false at the end of the source.
  absl::StatusOr<bool> Have(size_t size);
  void FlushTap();

  ByteSource& source_;
  std::vector<uint8_t> window_;
  size_t filled_ = 0;  // bytes in the window
  size_t next_ = 0;    // the first byte of the window that is not consumed
  size_t tapped_ = 0;  // end of the part of the window passed to the tap
  uint64_t consumed_before_ = 0;
  Tap tap_;
};

}  // namespace mantlet::x509

#endif  // MANTLET_PROXY_X509_DER_STREAM_H_
