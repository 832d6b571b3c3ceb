#include "proxy/verify/presented_chain.h"

#include <openssl/x509.h>

#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "proxy/x509/x509_facts.h"

namespace mantlet::verify {

absl::StatusOr<PresentedChain> PresentedChain::Parse(absl::Span<const std::string_view> ders) {
  if (ders.empty()) return absl::InvalidArgumentError("no certificate was presented");
  if (ders.size() > kMaxCertificates) {
    return absl::InvalidArgumentError(absl::StrCat(ders.size(), " certificates were presented, ",
                                                   kMaxCertificates, " are allowed"));
  }
  size_t bytes = 0;
  for (std::string_view der : ders) bytes += der.size();
  if (bytes > kMaxBytes) {
    return absl::InvalidArgumentError(absl::StrCat("the certificates presented have ", bytes,
                                                   " bytes, ", kMaxBytes, " are allowed"));
  }
  PresentedChain chain;
  chain.ders_.assign(ders.begin(), ders.end());
  for (size_t i = 0; i < ders.size(); ++i) {
    absl::StatusOr<x509_st*> x509 = x509::ParseX509(ders[i]);
    if (!x509.ok()) {
      return absl::InvalidArgumentError(
          absl::StrCat("certificate ", i + 1, ": ", x509.status().message()));
    }
    chain.certificates_.push_back(*x509);
  }
  return chain;
}

PresentedChain PresentedChain::WithIssuers(absl::Span<const size_t> indices) const {
  PresentedChain chain;
  const auto add = [&](size_t i) {
    X509_up_ref(certificates_[i]);
    chain.certificates_.push_back(certificates_[i]);
    chain.ders_.push_back(ders_[i]);
  };
  add(0);
  for (size_t i : indices) add(i);
  return chain;
}

PresentedChain::PresentedChain(PresentedChain&& other) noexcept
    : ders_(std::move(other.ders_)), certificates_(std::exchange(other.certificates_, {})) {}

PresentedChain& PresentedChain::operator=(PresentedChain&& other) noexcept {
  if (this != &other) {
    Free();
    ders_ = std::move(other.ders_);
    certificates_ = std::exchange(other.certificates_, {});
  }
  return *this;
}

PresentedChain::~PresentedChain() { Free(); }

void PresentedChain::Free() {
  for (x509_st* x509 : certificates_) X509_free(x509);
  certificates_.clear();
}

}  // namespace mantlet::verify
