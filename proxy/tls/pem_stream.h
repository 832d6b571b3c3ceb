// PemStream: the blocks of a PEM file (RFC 7468) that is larger than what should
// be held in memory, decoded piece by piece. As strict as pem.h, whose job this is
// for everything of usual size: what is cut off or damaged is an error that names
// block and line.

#ifndef MANTLET_PROXY_TLS_PEM_STREAM_H_
#define MANTLET_PROXY_TLS_PEM_STREAM_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "proxy/tls/byte_source.h"

namespace mantlet::tls {

class PemStream {
 public:
  // `source` outlives the stream.
  explicit PemStream(ByteSource& source);

  // Goes to the next block; the one before must have been read to its end. False:
  // there is none.
  absl::StatusOr<bool> Next();

  // Of the current block.
  const std::string& label() const { return label_; }
  std::string where() const;  // "block 2 (X509 CRL, line 24)"
  // Its decoded bytes.
  ByteSource& content() { return content_; }

 private:
  class Content final : public ByteSource {
   public:
    explicit Content(PemStream& stream) : stream_(stream) {}
    absl::StatusOr<size_t> Read(absl::Span<uint8_t> buffer) override {
      return stream_.Decode(buffer);
    }

   private:
    PemStream& stream_;
  };

  absl::StatusOr<size_t> Decode(absl::Span<uint8_t> buffer);
  // The same into a buffer that takes a whole group.
  absl::StatusOr<size_t> DecodeSome(absl::Span<uint8_t> buffer);
  // Takes whole groups of four characters that stand together. Their number of bytes.
  size_t DecodeGroups(absl::Span<uint8_t> buffer);
  // One character of the block that is no such group's.
  absl::Status TakeCharacter(uint8_t c, bool* block_ends);
  absl::Status EndBlock();
  // Whether there is another byte in the window.
  absl::StatusOr<bool> Fill();
  // The rest of the current line, without its end and cut after a sensible length.
  absl::StatusOr<std::string> Line();
  absl::Status Error(const std::string& what) const;

  ByteSource& source_;
  Content content_;
  std::vector<uint8_t> window_;
  size_t next_ = 0, filled_ = 0;

  int number_ = 0;      // of the current block
  int line_ = 1;        // of the file
  int label_line_ = 0;  // of the current block's BEGIN
  bool open_ = false;   // inside a block
  bool line_start_ = true;
  bool any_content_ = false;
  std::string label_;
  uint32_t group_ = 0;  // the bits of the characters of an unfinished group
  int characters_ = 0;  // how many those are, padding included
  std::string spill_;   // decoded, and did not fit a tiny buffer
  int padding_ = 0;     // '=' seen; nothing but more of them may follow
};

}  // namespace mantlet::tls

#endif  // MANTLET_PROXY_TLS_PEM_STREAM_H_
