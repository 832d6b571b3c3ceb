#include "certs/revocation_coverage.h"

#include <algorithm>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"

namespace mantlet::certs {
namespace {

bool Uses(const config::ClientAuth& client_auth) {
  return !client_auth.crl_files.empty() || client_auth.crl_policy == config::CrlPolicy::kRequire;
}

// What follows for the clients of a CA without a list.
std::string Consequence(const config::ClientAuth& client_auth) {
  return client_auth.crl_policy == config::CrlPolicy::kRequire
             ? "so nothing that this CA has issued is accepted"
             : "so what this CA has issued is accepted without a look at any list";
}

// The reasons for a revocation that the lists of the CA cover. Unless it is all, no
// certificate of the CA can be found good.
tls::ReasonMask ReasonsCovered(const tls::Certificate& ca,
                               const std::vector<LoadedRevocationList>& lists) {
  tls::ReasonMask covered = 0;
  for (const LoadedRevocationList& loaded : lists) {
    if (!loaded.list->HasIssuer(ca) || !loaded.list->SignedBy(ca.x509())) continue;
    covered = static_cast<tls::ReasonMask>(covered | loaded.list->distribution_point().reasons);
  }
  return covered;
}

void Note(const std::string& issuer, ListenerMaterial* material) {
  std::vector<std::string>& all = material->without_list;
  if (std::find(all.begin(), all.end(), issuer) == all.end()) all.push_back(issuer);
}

}  // namespace

void CheckCoverage(const config::ClientAuth& client_auth, FindingSink* sink,
                   ListenerMaterial* material) {
  if (!Uses(client_auth)) return;
  const bool require = client_auth.crl_policy == config::CrlPolicy::kRequire;
  for (const TrustAnchor& anchor : material->anchors) {
    const std::string subject = anchor.certificate->subject();
    const tls::ReasonMask covered = ReasonsCovered(*anchor.certificate, material->revocation_lists);
    if (covered == tls::kAllReasons) continue;
    Note(subject, material);
    if (covered != 0) {
      sink->Warning("crl_missing", anchor.file,
                    absl::StrCat("the revocation lists of ", subject,
                                 " do not cover all reasons for a revocation, so nothing that "
                                 "this CA has issued is accepted"),
                    "add its lists for the other reasons to client_auth.crl.files");
      continue;
    }
    sink->Warning(
        "crl_missing", anchor.file,
        absl::StrCat("there is no revocation list of ", subject, ", ", Consequence(client_auth)),
        absl::StrCat("add its list to client_auth.crl.files",
                     require ? ", or write policy: if_present" : ""));
  }
}

void CheckForLostLists(const config::ClientAuth& client_auth, const ListenerMaterial& before,
                       FindingSink* sink, ListenerMaterial* material) {
  if (!Uses(client_auth)) return;
  auto same_issuer = [](const std::vector<LoadedRevocationList>& lists,
                        const LoadedRevocationList& old) {
    return std::any_of(lists.begin(), lists.end(), [&](const LoadedRevocationList& other) {
      return other.list->HasIssuerOf(*old.list);
    });
  };
  std::vector<LoadedRevocationList> had = before.revocation_lists;
  had.insert(had.end(), before.lost_lists.begin(), before.lost_lists.end());
  for (const LoadedRevocationList& old : had) {
    if (same_issuer(material->revocation_lists, old) || same_issuer(material->lost_lists, old)) {
      continue;
    }
    material->lost_lists.push_back(old);
    Note(old.list->issuer(), material);
    sink->Warning("crl_gone", old.file,
                  absl::StrCat("the revocation list of ", old.list->issuer(),
                               " was in use and is not here any more, ", Consequence(client_auth)),
                  "put that CA's current list back, beside those of other CAs");
  }
}

}  // namespace mantlet::certs
