// RevocationLists holds all revocation lists of one listener and answers whether a certificate is
// revoked (RFC 5280, 6.3).
//
// A list counts for a certificate if it bears the issuer's name, the key that signed the
// certificate signed the list, too, and that CA may sign lists (a key usage, if there is one, has
// cRLSign). The newest of several decides, even if it is past its nextUpdate and the others are
// not. If neither date nor number tells which is the newest, the certificate is revoked if any of
// them lists it.
//
// A list may be about a part of its CA's certificates, and a CA may have several such lists. Which
// of them count is decided for each certificate (RFC 5280, 6.3.3): by its kind; by its CRL
// distribution points, one of which must be the list's if the list has a name; and together they
// must cover all reasons for a revocation.
//
// Check() is about one issuer certificate; PathRevocation asks for a CA's other keys, too.
//
// If lists bear the name and none of them counts, they were signed with a key without a valid
// certificate, are forged, or are not about this certificate. That is refused under either policy;
// if_present permits only the absence of any list of that name for certificates of this kind.
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
    bool require = false;      // no list for a certificate's issuer: refused
    bool use_expired = false;  // a list past its nextUpdate still counts
  };
  enum class Verdict { kGood, kRevoked, kMissing, kExpired, kNotYetValid };
  static constexpr int64_t kForever = std::numeric_limits<int64_t>::max();
  // A list may be from this far in the future: CAs publish at once, and clocks
  // differ. A list from farther ahead means that our own clock is wrong.
  static constexpr int64_t kClockSkewSeconds = 300;

  struct Status {
    Verdict verdict = Verdict::kGood;
    // With kGood, the second from which the answer may be another one: the
    // list's nextUpdate; kForever if it has none, if no list was asked or if lists
    // count when they are overdue.
    int64_t next_update = kForever;
    // A sentence about "it", the certificate, for operators; empty with kGood.
    std::string detail;
    // With any verdict but kRevoked: the second from which a list counts that is dated
    // ahead now, and may revoke; kForever if there is none.
    int64_t newer_at = kForever;
  };

  static std::shared_ptr<const RevocationLists> Create(std::vector<RevocationListPtr> lists,
                                                       Options options);

  // Whether `issuer` has revoked `certificate`, whose signature by `issuer` is known
  // to be good. Borrowed for the call. `now`: seconds since the epoch. May check a
  // signature, the first time a list meets a key.
  Status Check(x509_st* certificate, x509_st* issuer, int64_t now) const;

  const std::vector<RevocationListPtr>& lists() const { return lists_; }
  // Lower-case hex digest of everything that decides. Their order does not count.
  const std::string& id() const { return id_; }

 private:
  // What the lists of one issuer contain about one certificate.
  struct Answers {
    bool any_of_that_name = false;
    const RevocationList* signed_list = nullptr;  // any that the issuer's key has signed
    const RevocationList* revoking = nullptr;
    const RevocationList* from_the_future = nullptr;  // the first to come
    ReasonMask covered = 0;                           // by lists that count
    int64_t next_update = kForever;                   // the first of those
  };

  RevocationLists(std::vector<RevocationListPtr> lists, Options options);
  Answers Ask(x509_st* certificate, x509_st* issuer, int64_t now) const;
  // The status but for what a list that is dated ahead changes in it.
  Status Evaluate(x509_st* certificate, x509_st* issuer, const Answers& answers, int64_t now) const;
  // Why the lists do not cover all reasons for a revocation; `may_sign`: MaySignLists(issuer).
  static std::string WhyUncovered(const std::string& issuer, const Answers& answers, bool may_sign);

  Options options_;
  std::vector<RevocationListPtr> lists_;  // newest first
  std::string id_;
};

using RevocationListsPtr = std::shared_ptr<const RevocationLists>;

}  // namespace mantlet::x509

#endif  // MANTLET_PROXY_X509_REVOCATION_LISTS_H_
