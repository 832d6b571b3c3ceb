// PathRevocation checks the certificates of a valid path, except the trust anchor, against the
// revocation lists (RFC 5280, 6.3). It lives for one verification.

#ifndef MANTLET_PROXY_VERIFY_PATH_REVOCATION_H_
#define MANTLET_PROXY_VERIFY_PATH_REVOCATION_H_

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <utility>

#include "proxy/verify/path_builder.h"
#include "proxy/verify/path_fault.h"
#include "proxy/x509/revocation_lists.h"

namespace mantlet::verify {

class PathRevocation {
 public:
  // `lists` must outlive this object. `now` is in seconds since the epoch.
  PathRevocation(const x509::RevocationLists* lists, int64_t now) : lists_(lists), now_(now) {}

  // Returns the most serious finding: a revoked certificate, then an expired list, then a missing
  // list; or nullopt.
  //
  // A certificate is revoked by the key that signed it, so every known certificate of that key is
  // used: a CA's cross-certificate that may not sign lists does not hide the CA's revocations. Then
  // the CA's other keys are used: a certificate that any of their lists revokes is revoked, and a
  // valid list by any of them is sufficient if the certificate of that key is valid itself (RFC
  // 5280, 6.3.3 (f)) and not revoked by the same lists under the same policy. In all other cases
  // the status for the path's own issuer certificate is returned.
  std::optional<PathFinding> Check(PathBuilder& builder);

  // After a check without a finding: the time, in seconds since the epoch, from which the lists may
  // give another result.
  int64_t next_update() const { return next_update_; }

 private:
  using Question = std::pair<const PathCertificate*, size_t>;

  // Returns whether `certificate`, issued by path()[issuer_depth], was revoked.
  x509::RevocationLists::Status Ask(PathBuilder& builder, const PathCertificate& certificate,
                                    size_t issuer_depth);
  // Returns the status of the certificate of a list's signer; its issuer is path()[issuer_depth].
  // Each nested check moves one certificate up the path, so the recursion ends.
  x509::RevocationLists::Status AskAboutSigner(PathBuilder& builder,
                                               const PathBuilder::ListSigner& signer,
                                               size_t issuer_depth);

  const x509::RevocationLists* lists_;
  int64_t now_;
  int64_t next_update_ = x509::RevocationLists::kForever;
  std::map<Question, x509::RevocationLists::Status> signers_;  // results for this path
};

}  // namespace mantlet::verify

#endif  // MANTLET_PROXY_VERIFY_PATH_REVOCATION_H_
