// PemStream reads PEM (RFC 7468) with certificates, keys or revocation lists. It decodes block by
// block and piece by piece, so that a file may be larger than the available memory; ParsePem()
// returns all blocks at once.
//
// It accepts a byte order mark, any line end, text between the blocks, white space in the base64,
// and RFC 1421 headers. For a file that is truncated, partly overwritten or damaged in another way
// it returns an error that names block and line: DataLoss if the file ends too early and may be
// complete soon, else InvalidArgument with a hint after "; ". The destructor overwrites the memory,
// which may have contained a private key.

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

  // `source` must outlive the stream, which reads up to `window` bytes at a time.
  explicit PemStream(ByteSource& source, size_t window = kWindow);
  ~PemStream();
  PemStream(const PemStream&) = delete;
  PemStream& operator=(const PemStream&) = delete;

  // Moves to the next block; the previous one must have been read to its end. Returns false if
  // there is none.
  absl::StatusOr<bool> Next();

  // These describe the current block.
  const std::string& label() const { return label_; }
  int number() const { return number_; }                     // number in the file, from 1
  int line() const { return label_line_; }                   // line of its BEGIN, from 1
  bool encrypted() const { return encrypted_; }              // by RFC 1421 headers
  const std::string& dek_info() const { return dek_info_; }  // the value of DEK-Info
  std::string where() const;                                 // "block 2 (X509 CRL, line 24)"
  // Returns the source of its decoded bytes.
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
  // Decodes into a buffer that has room for a whole group.
  absl::StatusOr<size_t> DecodeSome(absl::Span<uint8_t> buffer);
  // Decodes complete, consecutive groups of four characters. Returns the number of bytes.
  size_t DecodeGroups(absl::Span<uint8_t> buffer);
  // Processes one character that is not part of such a group.
  absl::Status TakeCharacter(uint8_t c, bool* block_ends);
  absl::Status EndBlock();
  // Reads the RFC 1421 headers between BEGIN and the base64 (RFC 1421, 4.6).
  absl::Status ReadHeaders();
  // Returns the beginning of the current line, at most kLongestLine bytes, without consuming it.
  absl::StatusOr<std::string_view> PeekLine();
  // Returns whether there is another byte in the window, after reading if necessary.
  absl::StatusOr<bool> Fill();
  // Returns the rest of the current line without its end, cut at kLongestLine. Sets `has_begin` if
  // a BEGIN occurs anywhere in it.
  absl::StatusOr<std::string> Line(bool* has_begin = nullptr);
  absl::Status Error(const std::string& what) const;

  ByteSource& source_;
  Content content_;
  std::vector<uint8_t> window_;
  size_t next_ = 0, filled_ = 0;

  bool at_start_ = true;  // at the start of the file
  int number_ = 0;        // number of the current block
  int line_ = 1;          // current line of the file
  int label_line_ = 0;    // line of the current block's BEGIN
  bool open_ = false;     // inside a block
  bool line_start_ = true;
  bool any_content_ = false;
  bool no_line_end_ = false;  // the file has ended within a line
  std::string label_, dek_info_;
  bool encrypted_ = false;
  uint32_t group_ = 0;  // the bits of the characters of an unfinished group
  int characters_ = 0;  // number of those characters, including padding
  std::string spill_;   // decoded bytes that did not fit into a small buffer
  int padding_ = 0;     // number of '=' so far; only '=' may follow
};

}  // namespace mantlet::x509

#endif  // MANTLET_PROXY_X509_PEM_STREAM_H_
