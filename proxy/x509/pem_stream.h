// PemStream reads PEM (RFC 7468) with certificates, keys or revocation lists. It decodes block by
// block and piece by piece, so that a file may be larger than what should be held in memory;
// ParsePem() returns all blocks at once.
//
// It accepts a byte order mark, any line end, text between the blocks, white space in the base64,
// and RFC 1421 headers. A file that is cut off, partly overwritten or damaged in any other way is
// an error that names block and line: DataLoss if the file ends too early and may be complete in a
// moment, else InvalidArgument with a hint behind "; ". The destructor overwrites the memory,
// which may have held a private key.

#ifndef MANTLET_PROXY_X509_PEM_STREAM_H_
#define MANTLET_PROXY_X509_PEM_STREAM_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "proxy/x509/byte_source.h"

namespace mantlet::x509 {

class PemStream {
 public:
  static constexpr size_t kWindow = 64 * 1024;

  // `source` outlives the stream, which reads up to `window` bytes of it at once.
  explicit PemStream(ByteSource& source, size_t window = kWindow);
  ~PemStream();
  PemStream(const PemStream&) = delete;
  PemStream& operator=(const PemStream&) = delete;

  // Goes to the next block; the one before must have been read to its end. False:
  // there is none.
  absl::StatusOr<bool> Next();

  // Of the current block.
  const std::string& label() const { return label_; }
  int number() const { return number_; }                     // which block of the file, from 1
  int line() const { return label_line_; }                   // of its BEGIN, from 1
  bool encrypted() const { return encrypted_; }              // RFC 1421 headers say so
  const std::string& dek_info() const { return dek_info_; }  // the value of DEK-Info
  std::string where() const;                                 // "block 2 (X509 CRL, line 24)"
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
  // The lines between BEGIN and the base64 that are no base64 (RFC 1421, 4.6).
  absl::Status ReadHeaders();
  // The beginning of the current line, at most kLongestLine bytes, without taking it.
  absl::StatusOr<std::string_view> PeekLine();
  // Whether there is another byte in the window.
  absl::StatusOr<bool> Fill();
  // The rest of the current line, without its end and cut after a sensible length;
  // and whether a BEGIN stands anywhere in it.
  absl::StatusOr<std::string> Line(bool* has_begin = nullptr);
  absl::Status Error(const std::string& what) const;

  ByteSource& source_;
  Content content_;
  std::vector<uint8_t> window_;
  size_t next_ = 0, filled_ = 0;

  bool at_start_ = true;  // of the file
  int number_ = 0;        // of the current block
  int line_ = 1;          // of the file
  int label_line_ = 0;    // of the current block's BEGIN
  bool open_ = false;     // inside a block
  bool line_start_ = true;
  bool any_content_ = false;
  bool no_line_end_ = false;  // the file has ended, within a line
  std::string label_, dek_info_;
  bool encrypted_ = false;
  uint32_t group_ = 0;  // the bits of the characters of an unfinished group
  int characters_ = 0;  // how many those are, padding included
  std::string spill_;   // decoded, and did not fit a tiny buffer
  int padding_ = 0;     // '=' seen; nothing but more of them may follow
};

}  // namespace mantlet::x509

#endif  // MANTLET_PROXY_X509_PEM_STREAM_H_
