// PresentedChain holds the certificates that a peer sent, parsed once, for the verifier
// and the identity extractor. Lives on one thread for the length of one handshake; movable,
// not copyable.
//
// The peer controls every byte: the number of certificates and their size are limited, and
// nothing here asserts. No client needs a hundred certificates, but one that presents the
// cross-signs of a large federation, or a bundle by mistake, is verified by what it can
// prove: path building has limits of its own.

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

  // `ders`: leaf first, as on the wire; the bytes must outlive the chain. An
  // error means that the reason is `invalid_certificate`; its message says which
  // certificate, counted from 1, and what is wrong with it.
  static absl::StatusOr<PresentedChain> Parse(absl::Span<const std::string_view> ders);

  // The same leaf, followed by only those of its certificates that `indices` name.
  PresentedChain WithIssuers(absl::Span<const size_t> indices) const;

  PresentedChain(PresentedChain&& other) noexcept;
  PresentedChain& operator=(PresentedChain&& other) noexcept;
  ~PresentedChain();

  size_t size() const { return certificates_.size(); }  // at least 1
  std::string_view der(size_t i) const { return ders_[i]; }
  x509_st* x509(size_t i) const { return certificates_[i]; }  // stays the chain's

 private:
  PresentedChain() = default;
  void Free();

  std::vector<std::string_view> ders_;
  std::vector<x509_st*> certificates_;
};

}  // namespace mantlet::verify

#endif  // MANTLET_PROXY_VERIFY_PRESENTED_CHAIN_H_
