// SignatureMemo checks signatures: each pair of certificate and key at most once, within a budget
// for one handshake. It lives for one verification.

#ifndef MANTLET_PROXY_VERIFY_SIGNATURE_MEMO_H_
#define MANTLET_PROXY_VERIFY_SIGNATURE_MEMO_H_

#include <algorithm>
#include <vector>

#include "proxy/verify/path_certificate.h"

namespace mantlet::verify {

class SignatureMemo {
 public:
  // The budget, in ECDSA P-256 verifications; larger keys cost more. It is sufficient to try every
  // key of a bundle of a hundred certificates once.
  static constexpr int kBudget = 128;

  // Returns whether `issuer`'s key made the signature of `certificate`; also false if the budget is
  // used up. Both must outlive the memo.
  bool Verify(const PathCertificate& certificate, const PathCertificate& issuer);

  // Reduces the remaining budget to at most `budget`.
  void Limit(int budget) { budget_ = std::min(budget_, budget); }
  bool exhausted() const { return budget_ < 0; }
  int checks() const { return checks_; }  // number of checks that were not cached

 private:
  struct Known {
    const PathCertificate* certificate;
    const PathCertificate* issuer;
    bool good;
  };

  std::vector<Known> known_;
  int budget_ = kBudget;
  int checks_ = 0;
};

}  // namespace mantlet::verify

#endif  // MANTLET_PROXY_VERIFY_SIGNATURE_MEMO_H_
