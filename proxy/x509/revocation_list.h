// RevocationList is one complete certificate revocation list (RFC 5280, 5) in as little memory as
// its serial numbers take. It is read piece by piece and hashed on the way, so that a list of a
// million entries costs some 20 MB, also while it is being read.
//
// A list with anything that cannot be honoured (a delta, an indirect list, an unknown critical
// extension) is an error, because half of it would be worse than none. A list may be about a part
// of its CA's certificates: users' or CAs', those that name one of its distribution points, or
// some reasons.
//
// It never changes once it is shared, and then serves any number of threads. The results of
// signature checks are remembered under a lock of its own, which is held for a few comparisons and
// never during a check.

#ifndef MANTLET_PROXY_X509_REVOCATION_LIST_H_
#define MANTLET_PROXY_X509_REVOCATION_LIST_H_

#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "proxy/x509/byte_source.h"
#include "proxy/x509/certificate.h"
#include "proxy/x509/distribution_point.h"
#include "proxy/x509/issuing_distribution_point.h"
#include "proxy/x509/serial_set.h"
#include "proxy/x509/signature_scheme.h"

struct X509_name_st;  // X509_NAME
struct x509_st;       // X509

namespace mantlet::x509 {

class RevocationList {
 public:
  using Scope = IssuingDistributionPoint::Scope;

  // Everything up to the end of `source` is the DER of one list. Its signature is
  // for SignedBy() to look at. The source's own errors come back as they are.
  static absl::StatusOr<std::unique_ptr<RevocationList>> Parse(ByteSource& source);
  static absl::StatusOr<std::unique_ptr<RevocationList>> FromDer(std::string_view der);

  ~RevocationList();
  RevocationList(const RevocationList&) = delete;
  RevocationList& operator=(const RevocationList&) = delete;

  const std::string& issuer() const { return issuer_; }  // RFC 2253
  // Lower-case hex; empty: the list has no number.
  const std::string& number() const { return number_; }
  int64_t this_update() const { return this_update_; }  // seconds since the epoch
  int64_t next_update() const { return next_update_; }  // 0: the list has none
  size_t entries() const { return entries_; }
  Scope scope() const { return point_.scope; }
  // Its names, if any, and reasons.
  const DistributionPoint& distribution_point() const { return point_.point; }
  const std::string& signature_algorithm() const { return scheme_.text(); }
  // Lower-case hex digest of the list: equal lists have equal ids.
  const std::string& id() const { return id_; }

  // Names are compared as RFC 5280, 7.1 says: letter case and spaces of the usual
  // string types do not count.
  bool HasIssuer(const X509_name_st* name) const;
  bool HasIssuer(const Certificate& ca) const;  // its subject
  bool HasIssuerOf(const RevocationList& other) const { return HasIssuer(other.issuer_name_); }
  // Both are about the same certificates of their CA, for the same reasons.
  bool HasScopeOf(const RevocationList& other) const;
  // What part of its CA's certificates and of the reasons the list is about, for
  // operators: "CAs only, published as https://…"; empty: all.
  std::string ScopeText() const;
  // Whether the issuer's key has signed this list. Worked out once for each key
  // and remembered for kMaxRemembered keys.
  //
  // An Ed25519 signature can only be checked over all bytes of the list, so these
  // are kept until the key that made it has been found; no other can have.
  bool SignedBy(x509_st* issuer) const;
  // Whether the list is about certificates of this kind, users' or CAs'. HasIssuer() and
  // SignedBy() are checked separately, here and below.
  bool Covers(x509_st* certificate) const;
  // For a certificate that it covers and that has these DistributionPointsOf(): the reasons for
  // which the list shows whether it was revoked (RFC 5280, 6.3.3 (b) (2) and (d)).
  ReasonMask ReasonsFor(const std::vector<DistributionPoint>& points) const;
  bool Lists(const x509_st* certificate) const;
  bool ListsSerial(std::string_view integer) const { return serials_.Contains(integer); }

  static constexpr size_t kMaxRemembered = 16;

 private:
  friend class RevocationListParser;
  struct SignatureCheck {
    std::string spki;
    bool signed_by;
  };

  RevocationList() = default;
  void Remember(SignatureCheck check) const;  // under mutex_

  X509_name_st* issuer_name_ = nullptr;
  std::string issuer_, number_, id_;
  int64_t this_update_ = 0, next_update_ = 0;
  size_t entries_ = 0;
  IssuingDistributionPoint point_;
  SignatureScheme scheme_;
  std::string signature_;
  SerialSet serials_;

  mutable std::mutex mutex_;
  mutable std::vector<SignatureCheck> checks_;  // under mutex_; oldest first
  // Under mutex_ once the list is shared. What the signature is over: a digest, or
  // with Ed25519 all of it; null when that has been let go.
  mutable std::shared_ptr<const std::string> signed_bytes_;
};

// False unless both have a number and that of `list` is the lower one.
bool HasLowerNumber(const RevocationList& list, const RevocationList& than);

// RFC 5280, 4.2.1.3: a key usage, if there is one, must have cRLSign.
bool MaySignLists(x509_st* ca);

using RevocationListPtr = std::shared_ptr<const RevocationList>;

}  // namespace mantlet::x509

#endif  // MANTLET_PROXY_X509_REVOCATION_LIST_H_
