// AnchorIndex finds the trust anchors of one verifier by name. The anchors are read once for path
// building. Immutable; shared by all workers.

#ifndef MANTLET_PROXY_VERIFY_ANCHOR_INDEX_H_
#define MANTLET_PROXY_VERIFY_ANCHOR_INDEX_H_

#include <memory>
#include <utility>
#include <vector>

#include "proxy/verify/path_certificate.h"
#include "proxy/x509/trust_store.h"

namespace mantlet::verify {

class AnchorIndex {
 public:
  struct Anchor {
    std::unique_ptr<const PathCertificate> certificate;
    bool self_signed = false;
  };

  explicit AnchorIndex(const x509::TrustStore& trust);

  // Appends all anchors with this subject.
  void Find(const X509_name_st* subject, std::vector<const Anchor*>* found) const;

  // Returns the anchors that are not self-signed.
  const std::vector<const PathCertificate*>& intermediates() const { return intermediates_; }

 private:
  std::vector<std::pair<unsigned long, Anchor>> anchors_;  // sorted by the hash of the subject
  std::vector<const PathCertificate*> intermediates_;
};

}  // namespace mantlet::verify

#endif  // MANTLET_PROXY_VERIFY_ANCHOR_INDEX_H_
