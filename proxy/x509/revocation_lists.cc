#include "proxy/x509/revocation_lists.h"

#include <openssl/x509.h>

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "proxy/base/text.h"
#include "proxy/x509/certificate_names.h"
#include "proxy/x509/hex.h"
#include "proxy/x509/openssl_errors.h"

namespace mantlet::x509 {
namespace {

using Status = RevocationLists::Status;
using Verdict = RevocationLists::Verdict;

std::string IssuerOf(const X509* certificate) {
  return NameForRecord(X509_get_issuer_name(certificate));
}

bool Newer(const RevocationList& a, const RevocationList& b) {
  if (a.this_update() != b.this_update()) return a.this_update() > b.this_update();
  return HasLowerNumber(b, a);
}

}  // namespace

std::shared_ptr<const RevocationLists> RevocationLists::Create(std::vector<RevocationListPtr> lists,
                                                               Options options) {
  return std::shared_ptr<const RevocationLists>(new RevocationLists(std::move(lists), options));
}

RevocationLists::RevocationLists(std::vector<RevocationListPtr> lists, Options options)
    : options_(options), lists_(std::move(lists)) {
  std::vector<std::string> ids;
  for (const RevocationListPtr& list : lists_) ids.push_back(list->id());
  std::sort(ids.begin(), ids.end());
  ids.erase(std::unique(ids.begin(), ids.end()), ids.end());
  std::string deciding = absl::StrCat(options_.require, " ", options_.use_expired);
  for (const std::string& id : ids) absl::StrAppend(&deciding, " ", id);
  id_ = Sha256Hex(deciding);
  std::stable_sort(lists_.begin(), lists_.end(),
                   [](const auto& a, const auto& b) { return Newer(*a, *b); });
}

// Processes the newest list first (RFC 5280, 6.3.3): each older list adds the reasons that newer
// lists do not cover, until all are covered. Lists of the same second without different numbers
// count as equally new, so each of them may revoke.
RevocationLists::Answers RevocationLists::Ask(X509* certificate, X509* issuer, int64_t now) const {
  Answers answers;
  std::vector<DistributionPoint> points;
  const X509_NAME* name = X509_get_issuer_name(certificate);
  const bool may_sign = MaySignLists(issuer);
  const RevocationList* last = nullptr;  // last list that counts
  ReasonMask settled = 0;                // covered by newer lists than the current one
  for (const RevocationListPtr& list : lists_) {
    if (last != nullptr && Newer(*last, *list)) settled = answers.covered;
    if (settled == kAllReasons) break;
    if (!list->HasIssuer(name) || !list->Covers(certificate)) continue;
    answers.any_of_that_name = true;
    if (!may_sign || !list->SignedBy(issuer)) continue;
    answers.signed_list = list.get();
    if (points.empty()) points = DistributionPointsOf(certificate);
    const auto reasons = static_cast<ReasonMask>(list->ReasonsFor(points) & ~settled);
    if (reasons == 0) continue;
    if (list->this_update() > now + kClockSkewSeconds) {
      answers.from_the_future = list.get();
      continue;
    }
    last = list.get();
    answers.covered = static_cast<ReasonMask>(answers.covered | reasons);
    if (list->Lists(certificate)) {
      answers.revoking = list.get();
      break;
    }
    if (list->next_update() != 0 && !options_.use_expired) {
      answers.next_update = std::min(answers.next_update, list->next_update());
    }
  }
  ClearErrors();
  return answers;
}

std::string RevocationLists::WhyUncovered(const std::string& issuer, const Answers& answers,
                                          bool may_sign) {
  if (answers.covered != 0) {
    return absl::StrCat("the revocation lists of its issuer, ", issuer,
                        ", do not cover all reasons for a revocation");
  }
  if (answers.signed_list != nullptr) {
    return absl::StrCat("no revocation list of its issuer, ", issuer,
                        ", covers it: none of its CRL distribution points is the list's (",
                        absl::StrJoin(answers.signed_list->distribution_point().texts, ", "), ")");
  }
  if (answers.any_of_that_name) {
    return absl::StrCat("the revocation lists with the name of its issuer, ", issuer,
                        may_sign
                            ? ", were signed by another key"
                            : ", are not used: the key usage of that CA does not allow cRLSign");
  }
  return absl::StrCat("there is no revocation list of its issuer, ", issuer);
}

Status RevocationLists::Evaluate(X509* certificate, X509* issuer, const Answers& answers,
                                 int64_t now) const {
  Status status;
  if (answers.revoking != nullptr) {
    status.verdict = Verdict::kRevoked;
    status.detail =
        absl::StrCat("it was revoked by its issuer, ", IssuerOf(certificate), ", in the list of ",
                     base::Rfc3339Seconds(answers.revoking->this_update()));
  } else if (answers.covered == kAllReasons && answers.next_update > now) {
    status.next_update = answers.next_update;
  } else if (answers.covered == kAllReasons) {
    status.verdict = Verdict::kExpired;
    status.detail = absl::StrCat("the revocation list of its issuer, ", IssuerOf(certificate),
                                 ", expired at ", base::Rfc3339Seconds(answers.next_update));
  } else if (answers.from_the_future != nullptr) {
    status.verdict = Verdict::kNotYetValid;
    status.detail = absl::StrCat("the revocation list of its issuer, ", IssuerOf(certificate),
                                 ", is not valid before ",
                                 base::Rfc3339Seconds(answers.from_the_future->this_update()),
                                 "; check this machine's clock");
  } else if (answers.any_of_that_name || options_.require) {
    status.verdict = Verdict::kMissing;
    status.detail = WhyUncovered(IssuerOf(certificate), answers, MaySignLists(issuer));
  }
  return status;
}

Status RevocationLists::Check(X509* certificate, X509* issuer, int64_t now) const {
  const Answers answers = Ask(certificate, issuer, now);
  Status status = Evaluate(certificate, issuer, answers, now);
  if (answers.from_the_future == nullptr || status.verdict == Verdict::kRevoked) return status;
  // A newer list that is not valid yet may change the answer once it is.
  status.newer_at = answers.from_the_future->this_update() - kClockSkewSeconds;
  if (status.verdict == Verdict::kGood) {
    status.next_update = std::min(status.next_update, status.newer_at);
  }
  return status;
}

}  // namespace mantlet::x509
