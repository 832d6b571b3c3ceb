// TrustStore holds the trust anchors of one listener. It is immutable and shared by all workers.
// The anchors are a set: their order and duplicates in the files do not change id().

#ifndef MANTLET_PROXY_X509_TRUST_STORE_H_
#define MANTLET_PROXY_X509_TRUST_STORE_H_

#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "proxy/x509/certificate.h"

namespace mantlet::x509 {

class TrustStore {
 public:
  // Returns an error for an empty set. The caller (certs/) checks whether a certificate is suitable
  // as an anchor.
  static absl::StatusOr<std::shared_ptr<const TrustStore>> Create(
      const std::vector<CertificatePtr>& anchors);

  TrustStore(const TrustStore&) = delete;
  TrustStore& operator=(const TrustStore&) = delete;

  const std::vector<CertificatePtr>& anchors() const { return anchors_; }
  // Returns the DER of the anchors' subject names, each once, for the CertificateRequest of a
  // server (RFC 8446, 4.2.4).
  const std::vector<std::string>& subject_names_der() const { return subject_names_der_; }
  // Returns a lower-case hex digest of the set; equal if and only if the sets are equal.
  const std::string& id() const { return id_; }

  // Returns whether this certificate (all of its DER) is an anchor.
  bool Contains(const Certificate& certificate) const;

 private:
  TrustStore() = default;

  std::vector<CertificatePtr> anchors_;  // sorted by fingerprint
  std::vector<std::string> subject_names_der_;
  std::string id_;
};

using TrustStorePtr = std::shared_ptr<const TrustStore>;

}  // namespace mantlet::x509

#endif  // MANTLET_PROXY_X509_TRUST_STORE_H_
