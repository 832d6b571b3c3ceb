#include "certs/revocation_coverage.h"

#include <algorithm>
#include <set>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"

namespace mantlet::certs {
namespace {

bool Uses(const config::ClientAuth& client_auth) {
  return !client_auth.crl_files.empty() || client_auth.crl_policy == config::CrlPolicy::kRequire;
}

using Scope = x509::RevocationList::Scope;

// Part is a part of a CA's certificates that a list may cover, with its texts.
struct Part {
  const char* of_list;
  const char* refused;
  const char* accepted;
};
constexpr Part kAll = {"", "no certificate of this CA is accepted",
                       "certificates of this CA are accepted without a revocation check"};
constexpr Part kUsers = {" for users' certificates", "no user certificate of this CA is accepted",
                         "users' certificates that this CA has issued are accepted without a look "
                         "at any list"};
constexpr Part kCas = {" for CAs' certificates", "no CA certificate of this CA is accepted",
                       "CAs' certificates that this CA has issued are accepted without a look at "
                       "any list"};

// Returns the consequence for the clients of a CA without a list.
std::string Consequence(const config::ClientAuth& client_auth, const Part& part = kAll) {
  const bool require = client_auth.crl_policy == config::CrlPolicy::kRequire;
  return absl::StrCat("so ", require ? part.refused : part.accepted);
}

bool IsAbout(const LoadedRevocationList& loaded, Scope kind) {
  return loaded.list->scope() == Scope::kAll || loaded.list->scope() == kind;
}

// Returns the part of its CA's certificates that `old` covers and no list of `lists` does; null if
// there is none.
const Part* NotCovered(const LoadedRevocationList& old,
                       const std::vector<LoadedRevocationList>& lists) {
  const auto uncovered = [&](Scope kind) {
    return IsAbout(old, kind) &&
           std::none_of(lists.begin(), lists.end(), [&](const LoadedRevocationList& other) {
             return other.list->HasIssuerOf(*old.list) && IsAbout(other, kind);
           });
  };
  const bool users = uncovered(Scope::kUserCertificates), cas = uncovered(Scope::kCaCertificates);
  if (users && cas) return &kAll;
  return users ? &kUsers : cas ? &kCas : nullptr;
}

// Returns whether one of the CA's trusted keys has signed the list. A list by any of them covers
// all certificates of the CA.
bool IsOf(const TrustAnchor& ca, const LoadedRevocationList& loaded,
          const std::vector<TrustAnchor>& anchors) {
  return loaded.list->HasIssuer(*ca.certificate) &&
         std::any_of(anchors.begin(), anchors.end(), [&](const TrustAnchor& key) {
           return key.trust_domain == ca.trust_domain && loaded.list->HasIssuer(*key.certificate) &&
                  loaded.list->SignedBy(key.certificate->x509());
         });
}

// Returns the reasons for a revocation that the CA's lists cover. Unless these are all reasons, no
// certificate of the CA can be valid.
x509::ReasonMask ReasonsCovered(const TrustAnchor& ca, const ListenerMaterial& material) {
  x509::ReasonMask covered = 0;
  for (const LoadedRevocationList& loaded : material.revocation_lists) {
    if (!IsOf(ca, loaded, material.anchors)) continue;
    covered = static_cast<x509::ReasonMask>(covered | loaded.list->distribution_point().reasons);
  }
  return covered;
}

// Returns whether the list belongs to a former trust anchor.
bool WasRetired(const LoadedRevocationList& old, const ListenerMaterial& material) {
  return old.signer != nullptr &&
         std::none_of(material.anchors.begin(), material.anchors.end(),
                      [&](const TrustAnchor& a) { return old.list->HasIssuer(*a.certificate); });
}

void Note(const std::string& issuer, ListenerMaterial* material) {
  std::vector<std::string>& all = material->without_list;
  if (std::find(all.begin(), all.end(), issuer) == all.end()) all.push_back(issuer);
}

}  // namespace

void CheckCoverage(const config::ClientAuth& client_auth, DiagnosticSink* sink,
                   ListenerMaterial* material) {
  if (!Uses(client_auth)) return;
  const bool require = client_auth.crl_policy == config::CrlPolicy::kRequire;
  std::set<std::string> noted(material->without_list.begin(), material->without_list.end());
  for (const TrustAnchor& anchor : material->anchors) {
    const std::string subject = anchor.certificate->subject();
    const x509::ReasonMask covered = ReasonsCovered(anchor, *material);
    if (covered == x509::kAllReasons) continue;
    if (noted.insert(subject).second) material->without_list.push_back(subject);
    if (covered != 0) {
      sink->Warning("crl_missing", anchor.file,
                    absl::StrCat("the revocation lists of ", subject,
                                 " do not cover all reasons for a revocation, so no certificate of "
                                 "this CA is accepted"),
                    "add its lists for the other reasons to client_auth.crl.files");
      continue;
    }
    sink->Warning(
        "crl_missing", anchor.file,
        absl::StrCat("there is no revocation list of ", subject, ", ", Consequence(client_auth)),
        absl::StrCat("add its list to client_auth.crl.files",
                     require ? ", or set policy: if_present" : ""));
  }
}

void CheckForLostLists(const config::ClientAuth& client_auth, const ListenerMaterial& before,
                       DiagnosticSink* sink, ListenerMaterial* material) {
  if (!Uses(client_auth)) return;
  std::vector<LoadedRevocationList> had = before.revocation_lists;
  had.insert(had.end(), before.lost_lists.begin(), before.lost_lists.end());
  for (const LoadedRevocationList& old : had) {
    const Part* gone = NotCovered(old, material->revocation_lists);
    if (gone == nullptr || NotCovered(old, material->lost_lists) == nullptr) continue;
    const std::string what =
        absl::StrCat("the revocation list of ", old.list->issuer(), gone->of_list,
                     " was in use and is now missing, ", Consequence(client_auth, *gone));
    if (WasRetired(old, *material)) {
      if (client_auth.crl_policy == config::CrlPolicy::kRequire) continue;
      sink->Warning("crl_gone", old.file,
                    absl::StrCat(what, " if another CA still certifies this one"),
                    "ignore this if the CA was removed together with its list");
      continue;
    }
    material->lost_lists.push_back(old);
    Note(old.list->issuer(), material);
    sink->Warning("crl_gone", old.file, what,
                  "restore that CA's current list, in addition to those of other CAs");
  }
}

}  // namespace mantlet::certs
