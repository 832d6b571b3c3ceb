#include "proxy/x509/hashing_source.h"

#include <openssl/digest.h>
#include <openssl/mem.h>

#include <array>

#include "proxy/x509/byte_view.h"
#include "proxy/x509/hex.h"

namespace mantlet::x509 {

HashingSource::HashingSource(ByteSource& source) : source_(source), context_(EVP_MD_CTX_new()) {
  EVP_DigestInit_ex(context_, EVP_sha256(), nullptr);
}

HashingSource::~HashingSource() { EVP_MD_CTX_free(context_); }

absl::StatusOr<size_t> HashingSource::Read(absl::Span<uint8_t> buffer) {
  if (!failure_.ok()) return failure_;
  absl::StatusOr<size_t> got = source_.Read(buffer);
  if (!got.ok()) {
    failure_ = got.status();
    return got;
  }
  EVP_DigestUpdate(context_, buffer.data(), *got);
  return got;
}

absl::StatusOr<std::string> HashingSource::Finish() {
  std::array<uint8_t, 16 * 1024> buffer;
  while (true) {
    absl::StatusOr<size_t> got = Read(absl::MakeSpan(buffer));
    if (!got.ok()) return got.status();
    if (*got == 0) break;
  }
  // The buffer may have contained a private key.
  OPENSSL_cleanse(buffer.data(), buffer.size());
  std::array<uint8_t, EVP_MAX_MD_SIZE> digest;
  unsigned size = 0;
  EVP_DigestFinal_ex(context_, digest.data(), &size);
  return Hex(View(digest.data(), size));
}

}  // namespace mantlet::x509
