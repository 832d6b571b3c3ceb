// RevocationLists: all revocation lists of one listener, and the one question
// they answer: is this certificate revoked (RFC 5280, 6.3)?
//
// A list counts for a certificate if it bears the issuer's name, the key that
// signed the certificate signed the list, too, and that CA may sign lists (a key
// usage, if there is one, has cRLSign). Of several the newest decides: it was
// made knowing more than the others, even if it is overdue and they are not. Where neither
// date nor number tells which one that is, the certificate is revoked if any of them lists it.
//
// A list may be about part of its CA's certificates, and several such lists of one CA may
// be at hand. Which of them count is decided for each certificate (RFC 5280, 6.3.3): by
// its kind; by its CRL distribution points, one of which must be the list's if the list
// has a name; and together they must cover all reasons for a revocation.
//
// Whoever asks decides who is asked about: PathRevocation asks for a CA's other
// keys, too.
//
// Where lists bear the name and none of them counts, something is wrong: a list
// of a key that nobody vouches for, or a forged one, or none that is about this
// certificate. That is refused under either policy; only the absence of any list of that
// name, for certificates of this kind, is what if_present permits.
//
// Pure: no clock, no I/O. Immutable, any number of threads; what the lists
// remember of signatures is guarded by them.

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
  // differ. One from farther ahead says that our own clock is wrong.
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
  // What the lists of one issuer say of one certificate.
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
