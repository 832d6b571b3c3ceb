// PathRevocation checks a valid path against the revocation lists: each certificate of it
// but the trust anchor (RFC 5280, 6.3). Lives for one verification.

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
  // `lists` must outlive it. `now`: seconds since the epoch.
  PathRevocation(const x509::RevocationLists* lists, int64_t now) : lists_(lists), now_(now) {}

  // What speaks against the path, the gravest first: revoked, then lists that are
  // overdue, then lists that are missing.
  //
  // The question is about a key that signed, so every certificate at hand for that
  // key is asked: a CA's cross-certificate that may not sign lists does not hide what
  // the CA has revoked. Then the CA's other keys: what any of them has revoked is
  // revoked, and a good list of any of them will do if the certificate of that key is
  // good itself (RFC 5280, 6.3.3 (f)): valid, and by the same lists and the same policy not
  // revoked. For the rest, the path's own certificate counts.
  std::optional<PathFinding> Check(PathBuilder& builder);

  // After a check that found nothing: the second from which the lists' answer may be
  // another one.
  int64_t next_update() const { return next_update_; }

 private:
  using Question = std::pair<const PathCertificate*, size_t>;

  // Whether `certificate`, issued by path()[issuer_depth], was revoked.
  x509::RevocationLists::Status Ask(PathBuilder& builder, const PathCertificate& certificate,
                                    size_t issuer_depth);
  // Whether the certificate of a list's signer is good; its issuer is path()[issuer_depth].
  // Every such question goes one certificate up the path, so it comes to an end.
  x509::RevocationLists::Status AskAboutSigner(PathBuilder& builder,
                                               const PathBuilder::ListSigner& signer,
                                               size_t issuer_depth);

  const x509::RevocationLists* lists_;
  int64_t now_;
  int64_t next_update_ = x509::RevocationLists::kForever;
  std::map<Question, x509::RevocationLists::Status> signers_;  // what is known of this path
};

}  // namespace mantlet::verify

#endif  // MANTLET_PROXY_VERIFY_PATH_REVOCATION_H_
