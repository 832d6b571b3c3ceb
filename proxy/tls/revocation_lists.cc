#include "proxy/tls/revocation_lists.h"

#include <openssl/x509.h>

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "proxy/base/text.h"
#include "proxy/tls/certificate_names.h"
#include "proxy/tls/hex.h"
#include "proxy/tls/openssl_errors.h"

namespace mantlet::tls {
namespace {

using Status = RevocationLists::Status;
using Verdict = RevocationLists::Verdict;

std::string IssuerOf(const X509* certificate) {
  return RenderName(X509_get_issuer_name(certificate), ControlBytes::kEscape);
}

bool Newer(const RevocationListPtr& a, const RevocationListPtr& b) {
  if (a->this_update() != b->this_update()) return a->this_update() > b->this_update();
  return HasLowerNumber(*b, *a);
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
  std::stable_sort(lists_.begin(), lists_.end(), Newer);
}

Status RevocationLists::Check(X509* certificate, X509* issuer, int64_t now) const {
  const X509_NAME* name = X509_get_issuer_name(certificate);
  const RevocationList* newest = nullptr;
  const RevocationList* from_the_future = nullptr;
  bool any_of_that_name = false;
  for (const RevocationListPtr& list : lists_) {
    if (!list->HasIssuer(name) || !list->Covers(certificate)) continue;
    any_of_that_name = true;
    if (!MaySignLists(issuer) || !list->SignedBy(issuer)) continue;
    if (list->this_update() > now + kClockSkewSeconds) {
      from_the_future = list.get();
      continue;
    }
    newest = list.get();
    break;
  }
  ClearErrors();
  // A newer list is at hand that does not count yet; when it does, it may say otherwise.
  int64_t newer_at = kForever;
  if (from_the_future != nullptr) newer_at = from_the_future->this_update() - kClockSkewSeconds;
  if (newest == nullptr && from_the_future != nullptr) {
    return {
        Verdict::kExpired, kForever,
        absl::StrCat("the revocation list of its issuer, ", IssuerOf(certificate),
                     ", is not valid before ", base::Rfc3339Seconds(from_the_future->this_update()),
                     "; is this machine's clock right?"),
        newer_at};
  }
  if (newest == nullptr && any_of_that_name) {
    return {Verdict::kMissing, kForever,
            absl::StrCat("the revocation lists that bear the name of its issuer, ",
                         IssuerOf(certificate),
                         MaySignLists(issuer)
                             ? ", were signed by another key"
                             : ", do not count: the key usage of that CA does not allow cRLSign")};
  }
  if (newest == nullptr && options_.require) {
    return {Verdict::kMissing, kForever,
            absl::StrCat("there is no revocation list of its issuer, ", IssuerOf(certificate))};
  }
  if (newest == nullptr) return {};
  if (newest->Lists(certificate)) {
    return {Verdict::kRevoked, kForever,
            absl::StrCat("it was revoked by its issuer, ", IssuerOf(certificate),
                         ", in the list of ", base::Rfc3339Seconds(newest->this_update()))};
  }
  if (newest->next_update() == 0 || options_.use_expired) {
    return {Verdict::kGood, newer_at, "", newer_at};
  }
  if (newest->next_update() <= now) {
    return {Verdict::kExpired, kForever,
            absl::StrCat("the revocation list of its issuer, ", IssuerOf(certificate),
                         ", should have been replaced by ",
                         base::Rfc3339Seconds(newest->next_update())),
            newer_at};
  }
  return {Verdict::kGood, std::min(newest->next_update(), newer_at), "", newer_at};
}

}  // namespace mantlet::tls
