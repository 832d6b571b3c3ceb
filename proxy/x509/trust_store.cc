#include "proxy/x509/trust_store.h"

#include <openssl/x509.h>

#include <algorithm>
#include <set>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "proxy/x509/hex.h"
#include "proxy/x509/openssl_errors.h"

namespace mantlet::x509 {

absl::StatusOr<std::shared_ptr<const TrustStore>> TrustStore::Create(
    const std::vector<CertificatePtr>& anchors) {
  if (anchors.empty()) return absl::InvalidArgumentError("there is no trust anchor");
  ClearErrors();
  std::shared_ptr<TrustStore> trust(new TrustStore());
  trust->store_ = X509_STORE_new();
  if (trust->store_ == nullptr) return absl::ResourceExhaustedError(TakeErrors());

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
    if (!X509_STORE_add_cert(trust->store_, anchor->x509())) {
      return absl::InternalError(absl::StrCat("the trust anchor ", anchor->subject(),
                                              " could not be added: ", TakeErrors()));
    }
    names.insert(anchor->subject_der());
    fingerprints += anchor->fingerprint_sha256();
  }
  trust->subject_names_der_.assign(names.begin(), names.end());
  trust->id_ = Sha256Hex(fingerprints);
  return trust;
}

TrustStore::~TrustStore() { X509_STORE_free(store_); }

bool TrustStore::Contains(const Certificate& certificate) const {
  auto found = std::lower_bound(anchors_.begin(), anchors_.end(), certificate.fingerprint_sha256(),
                                [](const CertificatePtr& anchor, const std::string& fingerprint) {
                                  return anchor->fingerprint_sha256() < fingerprint;
                                });
  return found != anchors_.end() &&
         (*found)->fingerprint_sha256() == certificate.fingerprint_sha256();
}

}  // namespace mantlet::x509
