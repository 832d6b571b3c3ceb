// HashingSource forwards the bytes of another source and computes their SHA-256.

#ifndef MANTLET_PROXY_X509_HASHING_SOURCE_H_
#define MANTLET_PROXY_X509_HASHING_SOURCE_H_

#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "proxy/x509/byte_source.h"

struct env_md_ctx_st;  // EVP_MD_CTX; NOLINT(readability-identifier-naming): the library's

namespace mantlet::x509 {

class HashingSource final : public ByteSource {
 public:
  // `source` must outlive this object.
  explicit HashingSource(ByteSource& source);
  ~HashingSource() override;

  absl::StatusOr<size_t> Read(absl::Span<uint8_t> buffer) override;

  // Reads the rest and returns the digest of all bytes in lower-case hex. Must be called once.
  absl::StatusOr<std::string> Finish();

 private:
  ByteSource& source_;
  absl::Status failure_;  // the source's error; Finish() returns it again
  env_md_ctx_st* context_;
};

}  // namespace mantlet::x509

#endif  // MANTLET_PROXY_X509_HASHING_SOURCE_H_
