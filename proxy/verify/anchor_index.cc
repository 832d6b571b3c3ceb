#include "proxy/verify/anchor_index.h"

#include <openssl/x509.h>

#include <algorithm>

#include "proxy/x509/canonical_name.h"

namespace mantlet::verify {
namespace {

// Equal names have equal hashes. The library's signature lacks a const.
unsigned long Hash(const X509_NAME* name) { return X509_NAME_hash(const_cast<X509_NAME*>(name)); }

}  // namespace

AnchorIndex::AnchorIndex(const x509::TrustStore& trust) {
  for (const x509::CertificatePtr& anchor : trust.anchors()) {
    auto certificate = std::make_unique<const PathCertificate>(anchor->x509());
    if (!anchor->self_signed()) intermediates_.push_back(certificate.get());
    const unsigned long hash = Hash(certificate->subject());
    anchors_.emplace_back(hash, Anchor{std::move(certificate), anchor->self_signed()});
  }
  std::stable_sort(anchors_.begin(), anchors_.end(),
                   [](const auto& a, const auto& b) { return a.first < b.first; });
}

void AnchorIndex::Find(const X509_NAME* subject, std::vector<const Anchor*>* found) const {
  const unsigned long hash = Hash(subject);
  auto at = std::lower_bound(anchors_.begin(), anchors_.end(), hash,
                             [](const auto& anchor, unsigned long h) { return anchor.first < h; });
  for (; at != anchors_.end() && at->first == hash; ++at) {
    if (x509::SameName(at->second.certificate->subject(), subject)) {
      found->push_back(&at->second);
    }
  }
}

}  // namespace mantlet::verify
