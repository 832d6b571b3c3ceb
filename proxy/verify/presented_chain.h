// PresentedChain holds the certificates that a peer sent, parsed once, for the verifier and the
// identity extractor. It belongs to one thread and lives for one handshake; movable, not copyable.
//
// The peer controls every byte: the number of certificates and their size are limited, and this
// class contains no assertion about them. No client needs a hundred certificates, but one that
// sends the cross-certificates of a large federation, or a whole bundle by mistake, can still be
// verified: path building has its own limits.

#ifndef MANTLET_PROXY_VERIFY_PRESENTED_CHAIN_H_
#define MANTLET_PROXY_VERIFY_PRESENTED_CHAIN_H_

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/span.h"

struct x509_st;

namespace mantlet::verify {

class PresentedChain {
 public:
  static constexpr size_t kMaxCertificates = 128;
  static constexpr size_t kMaxBytes = 128 * 1024;  // all certificates together

  // `ders` are in the order of the wire, leaf first, and must outlive the chain. An error means
  // that the failure is `invalid_certificate`; its message states which certificate (counted from
  // 1) is invalid, and why.
  static absl::StatusOr<PresentedChain> Parse(absl::Span<const std::string_view> ders);

  // Returns a chain of the same leaf followed by only the certificates at `indices`.
  PresentedChain WithIssuers(absl::Span<const size_t> indices) const;

  PresentedChain(PresentedChain&& other) noexcept;
  PresentedChain& operator=(PresentedChain&& other) noexcept;
  ~PresentedChain();

  size_t size() const { return certificates_.size(); }  // at least 1
  std::string_view der(size_t i) const { return ders_[i]; }
  x509_st* x509(size_t i) const { return certificates_[i]; }  // owned by the chain

 private:
  PresentedChain() = default;
  void Free();

  std::vector<std::string_view> ders_;
  std::vector<x509_st*> certificates_;
};

}  // namespace mantlet::verify

#endif  // MANTLET_PROXY_VERIFY_PRESENTED_CHAIN_H_
