// RevocationList is one complete certificate revocation list (RFC 5280, 5) in little more memory
// than its serial numbers need. It is read piece by piece and hashed at the same time, so that a
// list of a million entries needs about 20 MB, also while it is being read.
//
// A list with a feature that is not supported (a delta, an indirect list, an unknown critical
// extension) is an error, because applying only a part of it would be wrong. A list may cover only
// some of its CA's certificates: users' or CAs', those that refer to one of its distribution
// points, or some reasons.
//
// It is immutable once it is shared, and any number of threads may use it. The results of signature
// checks are cached under a mutex, which is held for a few comparisons and never during a check.

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

  // Reads `source` to its end, which must be the DER of one list. SignedBy() checks its signature.
  // Errors of the source are returned unchanged.
  static absl::StatusOr<std::unique_ptr<RevocationList>> Parse(ByteSource& source);
  static absl::StatusOr<std::unique_ptr<RevocationList>> FromDer(std::string_view der);

  ~RevocationList();
  RevocationList(const RevocationList&) = delete;
  RevocationList& operator=(const RevocationList&) = delete;

  const std::string& issuer() const { return issuer_; }  // RFC 2253
  // Lower-case hex; empty if the list has no number.
  const std::string& number() const { return number_; }
  int64_t this_update() const { return this_update_; }  // seconds since the epoch
  int64_t next_update() const { return next_update_; }  // 0: the list has none
  size_t entries() const { return entries_; }
  Scope scope() const { return point_.scope; }
  // Returns its names, if any, and its reasons.
  const DistributionPoint& distribution_point() const { return point_.point; }
  const std::string& signature_algorithm() const { return scheme_.text(); }
  // Returns a lower-case hex digest of the list: equal lists have equal ids.
  const std::string& id() const { return id_; }

  // Compares names by RFC 5280, 7.1: letter case and spaces of the usual string types are ignored.
  bool HasIssuer(const X509_name_st* name) const;
  bool HasIssuer(const Certificate& ca) const;  // compares its subject
  bool HasIssuerOf(const RevocationList& other) const { return HasIssuer(other.issuer_name_); }
  // Returns whether both lists cover the same certificates of their CA, for the same reasons.
  bool HasScopeOf(const RevocationList& other) const;
  // Returns which of its CA's certificates and which reasons the list covers, for operators: "CAs
  // only, published as https://…"; empty: all.
  std::string ScopeText() const;
  // Returns whether the issuer's key has signed this list. The result is computed once for each key
  // and cached for kMaxRemembered keys.
  //
  // An Ed25519 signature can only be checked over all bytes of the list, so these are kept until
  // the key that made it has been found; after that, no other key can match.
  bool SignedBy(x509_st* issuer) const;
  // Returns whether the list covers certificates of this kind, users' or CAs'. HasIssuer() and
  // SignedBy() must be checked separately, also for the functions below.
  bool Covers(x509_st* certificate) const;
  // Returns the reasons for which the list shows whether a certificate was revoked (RFC 5280, 6.3.3
  // (b) (2) and (d)). The list must cover the certificate, and `points` must be its
  // DistributionPointsOf().
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
  void Remember(SignatureCheck check) const;  // requires mutex_

  X509_name_st* issuer_name_ = nullptr;
  std::string issuer_, number_, id_;
  int64_t this_update_ = 0, next_update_ = 0;
  size_t entries_ = 0;
  IssuingDistributionPoint point_;
  SignatureScheme scheme_;
  std::string signature_;
  SerialSet serials_;

  mutable std::mutex mutex_;
  mutable std::vector<SignatureCheck> checks_;  // guarded by mutex_; oldest first
  // Guarded by mutex_ once the list is shared. The bytes that were signed: a digest, or all bytes
  // with Ed25519. Null once they have been released.
  mutable std::shared_ptr<const std::string> signed_bytes_;
};

// Returns false unless both have a number and that of `list` is the lower one.
bool HasLowerNumber(const RevocationList& list, const RevocationList& than);

// Returns whether a CA may sign lists: its key usage, if present, must have cRLSign (RFC 5280,
// 4.2.1.3).
bool MaySignLists(x509_st* ca);

using RevocationListPtr = std::shared_ptr<const RevocationList>;

}  // namespace mantlet::x509

#endif  // MANTLET_PROXY_X509_REVOCATION_LIST_H_
