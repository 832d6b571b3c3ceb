// RevocationLists holds all revocation lists of one listener and returns whether a certificate is
// revoked (RFC 5280, 6.3).
//
// A list is used for a certificate if it has the issuer's name, the key that signed the certificate
// also signed the list, and that CA may sign lists (its key usage, if present, has cRLSign). Among
// several lists the newest decides, even if it is past its nextUpdate and the others are not. If
// neither date nor number shows which is the newest, the certificate is revoked if any of them
// lists it.
//
// A list may cover only some of its CA's certificates, and a CA may have several such lists. The
// lists are selected for each certificate (RFC 5280, 6.3.3): by its kind, and by its CRL
// distribution points, one of which must be the list's if the list has a name. Together they must
// cover all reasons for a revocation.
//
// Check() uses one issuer certificate; PathRevocation also uses a CA's other keys.
//
// If there are lists with the issuer's name and none of them can be used, they were signed with a
// key without a valid certificate, are forged, or do not cover this certificate. Then the
// certificate is rejected under either policy: if_present only allows that there is no list of that
// name at all for certificates of this kind.
//
// Pure: no clock, no I/O. Immutable; any number of threads.

#ifndef MANTLET_PROXY_X509_REVOCATION_LISTS_H_
#define MANTLET_PROXY_X509_REVOCATION_LISTS_H_

#include <cstdint>
#include <limits>
#include <memory>
#include <string>
#include <vector>

#include "proxy/x509/revocation_list.h"

namespace mantlet::x509 {

class RevocationLists {
 public:
  struct Options {
    bool require = false;      // reject certificates whose issuer has no list
    bool use_expired = false;  // also use a list past its nextUpdate
  };
  enum class Verdict { kGood, kRevoked, kMissing, kExpired, kNotYetValid };
  static constexpr int64_t kForever = std::numeric_limits<int64_t>::max();
  // The maximum time that thisUpdate may be in the future: CAs publish immediately, and clocks
  // differ. A list from farther ahead means that our own clock is wrong.
  static constexpr int64_t kClockSkewSeconds = 300;

  struct Status {
    Verdict verdict = Verdict::kGood;
    // With kGood, the time in seconds since the epoch from which the answer may change: the list's
    // nextUpdate; kForever if it has none, if no list was used, or if expired lists are used.
    int64_t next_update = kForever;
    // A sentence for operators with the subject "it", the certificate; empty with kGood.
    std::string detail;
    // With any verdict but kRevoked: the time at which a list with a thisUpdate in the future
    // becomes valid and may revoke the certificate; kForever if there is none.
    int64_t newer_at = kForever;
  };

  static std::shared_ptr<const RevocationLists> Create(std::vector<RevocationListPtr> lists,
                                                       Options options);

  // Returns whether `issuer` has revoked `certificate`. The signature of `certificate` by `issuer`
  // must have been verified. Both are borrowed for the call. `now` is in seconds since the epoch.
  // The first use of a list with a key checks a signature.
  Status Check(x509_st* certificate, x509_st* issuer, int64_t now) const;

  const std::vector<RevocationListPtr>& lists() const { return lists_; }
  // Returns a lower-case hex digest of everything that decides. The order of the lists does not
  // matter.
  const std::string& id() const { return id_; }

 private:
  // Answers is what the lists of one issuer contain about one certificate.
  struct Answers {
    bool any_of_that_name = false;
    const RevocationList* signed_list = nullptr;  // any list that the issuer's key has signed
    const RevocationList* revoking = nullptr;
    const RevocationList* from_the_future = nullptr;  // the next to become valid
    ReasonMask covered = 0;                           // by lists that are used
    int64_t next_update = kForever;                   // the earliest of those
  };

  RevocationLists(std::vector<RevocationListPtr> lists, Options options);
  Answers Ask(x509_st* certificate, x509_st* issuer, int64_t now) const;
  // Returns the status without the effect of lists that are not valid yet.
  Status Evaluate(x509_st* certificate, x509_st* issuer, const Answers& answers, int64_t now) const;
  // Returns why the lists do not cover all reasons for a revocation. `may_sign` is
  // MaySignLists(issuer).
  static std::string WhyUncovered(const std::string& issuer, const Answers& answers, bool may_sign);

  Options options_;
  std::vector<RevocationListPtr> lists_;  // newest first
  std::string id_;
};

using RevocationListsPtr = std::shared_ptr<const RevocationLists>;

}  // namespace mantlet::x509

#endif  // MANTLET_PROXY_X509_REVOCATION_LISTS_H_
