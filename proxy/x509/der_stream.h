// DerStream reads DER (X.690) element by element from a source that is larger than what should be
// held in memory. Errors are sentences about "it".

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
  // An element that is asked for as a whole may be this large.
  static constexpr size_t kMaxElement = 1 << 20;
  using Tap = std::function<void(std::string_view)>;

  // `source` outlives the stream.
  explicit DerStream(ByteSource& source);

  // Goes into an element: its header is consumed, its content comes next. The
  // content's length, or an error if the next tag is another one.
  absl::StatusOr<uint64_t> Enter(uint8_t tag);
  // The next element, header included, of at most kMaxElement bytes. The view
  // holds until the next call.
  absl::StatusOr<std::string_view> Element(uint8_t tag);
  // The next element's identifier octet; -1 at the end of the source.
  absl::StatusOr<int> PeekTag();

  // Bytes consumed so far.
  uint64_t position() const { return consumed_before_ + next_; }
  // From now on `tap` is given all that is consumed, in pieces, until it is
  // replaced; null: nobody.
  void SetTap(Tap tap);

 private:
  struct Header {
    uint64_t header = 0;
    uint64_t content = 0;
  };

  // The header of the element that begins at `next_`.
  absl::StatusOr<Header> PeekHeader(uint8_t tag);
  // Whether `size` bytes from `next_` on are in the window. Reads them if not;
  // false at the end of the source.
  absl::StatusOr<bool> Have(size_t size);
  void FlushTap();

  ByteSource& source_;
  std::vector<uint8_t> window_;
  size_t filled_ = 0;  // of the window
  size_t next_ = 0;    // the first byte of the window that is not consumed
  size_t tapped_ = 0;  // up to where the tap has seen the window
  uint64_t consumed_before_ = 0;
  Tap tap_;
};

}  // namespace mantlet::x509

#endif  // MANTLET_PROXY_X509_DER_STREAM_H_
