#include "certs/revocation_loader.h"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "certs/image_lookup.h"
#include "certs/revocation_coverage.h"
#include "certs/time_text.h"
#include "proxy/x509/fault.h"

namespace mantlet::certs {
namespace {

std::string ListOf(const x509::RevocationList& list) {
  return absl::StrCat("the revocation list of ", list.issuer());
}

void ReportUnreadable(const std::string& path, const RevocationFile* file, DiagnosticSink* sink) {
  if (file == nullptr) {
    sink->Error("unreadable", path, "it was not read", "");
    return;
  }
  if (file->readable) {
    x509::Fault fault = x509::FaultOf(file->status, path);
    if (fault.hint.empty()) fault.hint = "it must contain complete revocation lists, as PEM or DER";
    sink->Error("unparsable", path, std::move(fault.what), std::move(fault.hint));
    return;
  }
  std::string message(file->status.message());
  // The reader's message starts with the path, which a Diagnostic prints itself.
  if (message.starts_with(path + ": ")) message.erase(0, path.size() + 2);
  sink->Error("unreadable", path, absl::StrCat("cannot be read: ", message),
              HintForUnreadable(file->status));
}

// Finds the signer of the list among the anchors with its issuer's name. A list with an anchor's
// name that this anchor did not sign would cause the rejection of all clients of that CA.
void FindSigner(const std::vector<TrustAnchor>& anchors, DiagnosticSink* sink,
                LoadedRevocationList* loaded) {
  const TrustAnchor* namesake = nullptr;
  for (const TrustAnchor& anchor : anchors) {
    if (!loaded->list->HasIssuer(*anchor.certificate)) continue;
    namesake = &anchor;
    if (!loaded->list->SignedBy(anchor.certificate->x509())) continue;
    loaded->signer = anchor.certificate;
    if (x509::MaySignLists(anchor.certificate->x509())) return;
  }
  if (loaded->signer != nullptr) {
    sink->Error("crl_issuer_may_not_sign", loaded->file,
                absl::StrCat(ListOf(*loaded->list),
                             " cannot be used: the key usage of that CA's certificate does not "
                             "allow cRLSign"),
                "reissue the CA's certificate with cRLSign, or remove the list");
  } else if (namesake != nullptr) {
    sink->Error(
        "crl_wrong_signature", loaded->file,
        absl::StrCat(ListOf(*loaded->list),
                     " was not signed with the key of that CA's certificate in ", namesake->file),
        "use the list that this CA has signed; if the CA has a new key, add its new "
        "certificate to the trust bundle");
  } else {
    sink->Note(
        "crl_issuer_unknown", loaded->file,
        absl::StrCat(ListOf(*loaded->list),
                     " is by a CA that is not a trust anchor; its signature is checked when a "
                     "client presents that CA's certificate"),
        "");
  }
}

void CheckDates(const LoadedRevocationList& loaded, bool use_expired, int64_t now,
                DiagnosticSink* sink) {
  const x509::RevocationList& list = *loaded.list;
  if (list.this_update() > now + x509::RevocationLists::kClockSkewSeconds) {
    sink->Warning("crl_not_yet_valid", loaded.file,
                  absl::StrCat(ListOf(list), " is not valid before ", DateTime(list.this_update()),
                               " (", RelativeTime(list.this_update(), now),
                               "), so clients of that CA are rejected until then"),
                  "check this machine's clock");
  }
  if (list.next_update() == 0 || list.next_update() > now) return;
  sink->Warning(
      "crl_expired", loaded.file,
      absl::StrCat(ListOf(list), " expired at ", DateTime(list.next_update()), " (",
                   RelativeTime(list.next_update(), now), ")",
                   use_expired ? ", and is still used" : ", so clients of that CA are rejected"),
      "put the CA's current list here");
}

// Returns whether `loaded` replaces `old`. Each key of a CA numbers its own lists.
bool Succeeds(const LoadedRevocationList& loaded, const LoadedRevocationList& old) {
  auto signer = [](const LoadedRevocationList& of) {
    return of.signer == nullptr ? std::string() : of.signer->public_key().spki_sha256;
  };
  return old.file == loaded.file && old.list->HasIssuerOf(*loaded.list) &&
         old.list->HasScopeOf(*loaded.list) && signer(old) == signer(loaded);
}

}  // namespace

void LoadRevocationLists(const config::ClientAuth& client_auth, const RevocationFiles& files,
                         int64_t now, DiagnosticSink* sink, ListenerMaterial* material) {
  const bool require = client_auth.crl_policy == config::CrlPolicy::kRequire;
  const bool use_expired = client_auth.crl_expired == config::ExpiredCrl::kUse;
  if (client_auth.crl_files.empty() && !require) return;
  std::vector<x509::RevocationListPtr> lists;
  for (const std::string& path : client_auth.crl_files) {
    auto found = files.find(path);
    const RevocationFile* file = found == files.end() ? nullptr : found->second.get();
    if (file == nullptr || !file->status.ok()) {
      ReportUnreadable(path, file, sink);
      continue;
    }
    for (const x509::RevocationListPtr& list : file->lists) {
      LoadedRevocationList loaded{list, path, nullptr};
      FindSigner(material->anchors, sink, &loaded);
      CheckDates(loaded, use_expired, now, sink);
      lists.push_back(list);
      material->revocation_lists.push_back(std::move(loaded));
    }
  }
  CheckCoverage(client_auth, sink, material);
  material->revocation = x509::RevocationLists::Create(
      std::move(lists), {.require = require, .use_expired = use_expired});
}

void WarnOfOlderLists(const ListenerMaterial& material, const ListenerMaterial& before,
                      DiagnosticSink* sink) {
  for (const LoadedRevocationList& loaded : material.revocation_lists) {
    for (const LoadedRevocationList& old : before.revocation_lists) {
      if (!Succeeds(loaded, old) || !x509::HasLowerNumber(*loaded.list, *old.list)) continue;
      sink->Warning("crl_older", loaded.file,
                    absl::StrCat(ListOf(*loaded.list), " has the number ", loaded.list->number(),
                                 ", but the previous list had ", old.list->number()),
                    "check that this is the CA's current list; a revocation may have been undone");
    }
  }
}

}  // namespace mantlet::certs
