#include "proxy/x509/trust_store.h"

#include <algorithm>
#include <set>

#include "absl/status/status.h"
#include "proxy/x509/hex.h"

namespace mantlet::x509 {

absl::StatusOr<std::shared_ptr<const TrustStore>> TrustStore::Create(
    const std::vector<CertificatePtr>& anchors) {
  if (anchors.empty()) return absl::InvalidArgumentError("there is no trust anchor");
  std::shared_ptr<TrustStore> trust(new TrustStore());
  trust->anchors_ = anchors;
  auto fingerprint_less = [](const CertificatePtr& a, const CertificatePtr& b) {
    return a->fingerprint_sha256() < b->fingerprint_sha256();
  };
  auto same = [](const CertificatePtr& a, const CertificatePtr& b) {
    return a->fingerprint_sha256() == b->fingerprint_sha256();
  };
  std::sort(trust->anchors_.begin(), trust->anchors_.end(), fingerprint_less);
  trust->anchors_.erase(std::unique(trust->anchors_.begin(), trust->anchors_.end(), same),
                        trust->anchors_.end());

  std::set<std::string> names;
  std::string fingerprints;
  for (const CertificatePtr& anchor : trust->anchors_) {
    names.insert(anchor->subject_der());
    fingerprints += anchor->fingerprint_sha256();
  }
  trust->subject_names_der_.assign(names.begin(), names.end());
  trust->id_ = Sha256Hex(fingerprints);
  return trust;
}

bool TrustStore::Contains(const Certificate& certificate) const {
  auto found = std::lower_bound(anchors_.begin(), anchors_.end(), certificate.fingerprint_sha256(),
                                [](const CertificatePtr& anchor, const std::string& fingerprint) {
                                  return anchor->fingerprint_sha256() < fingerprint;
                                });
  return found != anchors_.end() &&
         (*found)->fingerprint_sha256() == certificate.fingerprint_sha256();
}

}  // namespace mantlet::x509
