#include "proxy/x509/revocation_list.h"

#include <openssl/asn1.h>
#include <openssl/evp.h>
#include <openssl/mem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <utility>

#include "absl/strings/str_join.h"
#include "proxy/x509/byte_view.h"
#include "proxy/x509/canonical_name.h"
#include "proxy/x509/openssl_errors.h"

namespace mantlet::x509 {
namespace {

std::string SpkiOf(const X509* certificate) {
  uint8_t* der = nullptr;
  const int size = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(certificate), &der);
  if (size <= 0) return "";
  std::string spki(View(der, static_cast<size_t>(size)));
  OPENSSL_free(der);
  return spki;
}

}  // namespace

RevocationList::~RevocationList() { X509_NAME_free(issuer_name_); }

absl::StatusOr<std::unique_ptr<RevocationList>> RevocationList::FromDer(std::string_view der) {
  MemorySource source(der);
  return Parse(source);
}

bool RevocationList::HasIssuer(const X509_NAME* name) const { return SameName(issuer_name_, name); }

bool RevocationList::HasIssuer(const Certificate& ca) const {
  return HasIssuer(X509_get_subject_name(ca.x509()));
}

bool RevocationList::HasScopeOf(const RevocationList& other) const {
  return scope() == other.scope() &&
         distribution_point().names == other.distribution_point().names &&
         distribution_point().reasons == other.distribution_point().reasons;
}

std::string RevocationList::ScopeText() const {
  std::vector<std::string> parts;
  if (scope() == Scope::kUserCertificates) parts.emplace_back("no CAs");
  if (scope() == Scope::kCaCertificates) parts.emplace_back("CAs only");
  const DistributionPoint& point = distribution_point();
  if (point.reasons != kAllReasons) parts.emplace_back("some reasons only");
  if (!point.texts.empty()) {
    parts.push_back("published as " + absl::StrJoin(point.texts, " and "));
  }
  return absl::StrJoin(parts, ", ");
}

bool RevocationList::SignedBy(X509* issuer) const {
  std::string spki = SpkiOf(issuer);
  std::shared_ptr<const std::string> signed_bytes;
  {
    const std::lock_guard lock(mutex_);
    for (const SignatureCheck& known : checks_) {
      if (known.spki == spki) return known.signed_by;
    }
    signed_bytes = signed_bytes_;
  }
  if (signed_bytes == nullptr) return false;
  ClearErrors();
  bssl::UniquePtr<EVP_PKEY> key(X509_get_pubkey(issuer));
  const bool signed_by = scheme_.Verify(key.get(), *signed_bytes, signature_);
  ClearErrors();
  const std::lock_guard lock(mutex_);
  if (signed_by && scheme_.digest() == nullptr) signed_bytes_.reset();
  Remember({std::move(spki), signed_by});
  return signed_by;
}

void RevocationList::Remember(SignatureCheck check) const {
  if (checks_.size() == kMaxRemembered) {
    // Keys that signed the list are the ones that will be checked again, so the others are removed
    // first.
    auto stranger = std::find_if(checks_.begin(), checks_.end(),
                                 [](const SignatureCheck& known) { return !known.signed_by; });
    checks_.erase(stranger == checks_.end() ? checks_.begin() : stranger);
  }
  checks_.push_back(std::move(check));
}

bool RevocationList::Covers(X509* certificate) const {
  if (scope() == Scope::kAll) return true;
  const bool ca = (X509_get_extension_flags(certificate) & EXFLAG_CA) != 0;
  return ca == (scope() == Scope::kCaCertificates);
}

ReasonMask RevocationList::ReasonsFor(const std::vector<DistributionPoint>& points) const {
  const DistributionPoint& ours = distribution_point();
  // A list without a name is published at the point with the issuer's name, which every certificate
  // has for all reasons.
  if (ours.names.empty()) return ours.reasons;
  ReasonMask reasons = 0;
  for (const DistributionPoint& point : points) {
    if (std::find_first_of(point.names.begin(), point.names.end(), ours.names.begin(),
                           ours.names.end()) != point.names.end()) {
      reasons = static_cast<ReasonMask>(reasons | point.reasons);
    }
  }
  return static_cast<ReasonMask>(reasons & ours.reasons);
}

bool RevocationList::Lists(const X509* certificate) const {
  // The content octets of the INTEGER, which DER keeps minimal.
  uint8_t* der = nullptr;
  const int size = i2d_ASN1_INTEGER(X509_get0_serialNumber(certificate), &der);
  if (size <= 0) return false;
  const std::string_view element = View(der, static_cast<size_t>(size));
  // Lengths with more than one octet exceed SerialSet's limit, so no list contains such numbers.
  const bool listed = size > 2 && der[1] < 0x80 && serials_.Contains(element.substr(2));
  OPENSSL_free(der);
  return listed;
}

bool HasLowerNumber(const RevocationList& list, const RevocationList& than) {
  const std::string &a = list.number(), &b = than.number();
  if (a.empty() || b.empty()) return false;
  // The numbers are lower-case hex without leading zero bytes.
  return a.size() != b.size() ? a.size() < b.size() : a < b;
}

bool MaySignLists(X509* ca) { return (X509_get_key_usage(ca) & X509v3_KU_CRL_SIGN) != 0; }

}  // namespace mantlet::x509
