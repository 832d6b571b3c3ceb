// SignatureMemo checks signatures: each pair of certificate and key at most once, within a
// budget for one handshake. Lives for one verification.

#ifndef MANTLET_PROXY_VERIFY_SIGNATURE_MEMO_H_
#define MANTLET_PROXY_VERIFY_SIGNATURE_MEMO_H_

#include <algorithm>
#include <vector>

#include "proxy/verify/path_certificate.h"

namespace mantlet::verify {

class SignatureMemo {
 public:
  // In the cost of one ECDSA P-256 verification; larger keys count for more. Enough
  // for every key of a bundle of a hundred certificates to be tried once.
  static constexpr int kBudget = 128;

  // Whether `issuer`'s key made the signature of `certificate`. False, too, when the
  // budget is used up. Both must outlive the memo.
  bool Verify(const PathCertificate& certificate, const PathCertificate& issuer);

  // From here on no more than `budget`.
  void Limit(int budget) { budget_ = std::min(budget_, budget); }
  bool exhausted() const { return budget_ < 0; }
  int checks() const { return checks_; }  // that cost something

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
