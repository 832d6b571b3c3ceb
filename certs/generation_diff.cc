#include "certs/generation_diff.h"

#include <algorithm>
#include <set>
#include <utility>

#include "absl/strings/str_cat.h"
#include "certs/time_text.h"

namespace mantlet::certs {
namespace {

// Changes collects the changes of one listener.
class Changes {
 public:
  Changes(const std::string& listener, std::vector<std::string>* sentences)
      : prefix_(absl::StrCat("listener '", listener, "': ")), sentences_(sentences) {}

  template <typename... Parts>
  void Add(const Parts&... parts) {
    sentences_->push_back(absl::StrCat(prefix_, parts...));
  }

 private:
  std::string prefix_;
  std::vector<std::string>* sentences_;
};

std::string Validity(const x509::Certificate& leaf) {
  return absl::StrCat("serial ", leaf.serial(), ", valid until ", DateTime(leaf.not_after()));
}

void CompareCertificates(const ListenerMaterial& before, const ListenerMaterial& after,
                         Changes* changes) {
  auto find = [](const ListenerMaterial& in, const std::string& file) {
    return std::find_if(in.certificates.begin(), in.certificates.end(),
                        [&](const ServerCertificate& c) { return c.chain_file == file; });
  };
  for (const ServerCertificate& now : after.certificates) {
    const auto old = find(before, now.chain_file);
    if (old == before.certificates.end()) {
      changes->Add(now.chain_file, ": ", now.leaf->subject(), ", ", Validity(*now.leaf),
                   ", is now served");
    } else if (old->leaf->fingerprint_sha256() != now.leaf->fingerprint_sha256()) {
      changes->Add(now.chain_file, ": ", now.leaf->subject(), ", ", Validity(*now.leaf), " (was ",
                   Validity(*old->leaf), ")");
    } else if (old->chain_der != now.chain_der) {
      changes->Add(now.chain_file, ": other intermediates, now ", now.chain.size() - 1, " now");
    }
    const bool had = old != before.certificates.end() && old->ocsp != nullptr;
    if (now.ocsp != nullptr && (!had || old->ocsp->der != now.ocsp->der)) {
      changes->Add(now.ocsp->file, ": an OCSP response of ", DateTime(now.ocsp->this_update));
    } else if (now.ocsp == nullptr && had) {
      changes->Add("an OCSP response is no longer stapled to ", now.chain_file);
    }
  }
  for (const ServerCertificate& old : before.certificates) {
    if (find(after, old.chain_file) == after.certificates.end()) {
      changes->Add(old.chain_file, ": is no longer served");
    }
  }
}

void CompareAnchors(const ListenerMaterial& before, const ListenerMaterial& after,
                    Changes* changes) {
  auto key = [](const TrustAnchor& anchor) {
    return std::make_pair(anchor.trust_domain, anchor.certificate->fingerprint_sha256());
  };
  auto keys = [key](const ListenerMaterial& in) {
    std::set<std::pair<std::string, std::string>> all;
    for (const TrustAnchor& anchor : in.anchors) all.insert(key(anchor));
    return all;
  };
  const auto had = keys(before), has = keys(after);
  auto name = [](const TrustAnchor& anchor) {
    return absl::StrCat(anchor.certificate->subject(), " (serial ", anchor.certificate->serial(),
                        anchor.trust_domain.empty() ? "" : ", trust domain ", anchor.trust_domain,
                        ")");
  };
  for (const TrustAnchor& anchor : after.anchors) {
    if (!had.contains(key(anchor))) changes->Add(anchor.file, ": trusts ", name(anchor));
  }
  for (const TrustAnchor& anchor : before.anchors) {
    if (!has.contains(key(anchor))) changes->Add(anchor.file, ": no longer trusts ", name(anchor));
  }
}

std::string About(const x509::RevocationList& list) {
  return absl::StrCat(list.number().empty() ? "" : absl::StrCat("number ", list.number(), " "),
                      "of ", DateTime(list.this_update()), " with ", list.entries(), " revoked");
}

void CompareLists(const ListenerMaterial& before, const ListenerMaterial& after, Changes* changes) {
  auto has = [](const ListenerMaterial& in, const LoadedRevocationList& list) {
    return std::any_of(
        in.revocation_lists.begin(), in.revocation_lists.end(),
        [&](const LoadedRevocationList& other) { return other.list->id() == list.list->id(); });
  };
  for (const LoadedRevocationList& loaded : after.revocation_lists) {
    if (!has(before, loaded)) {
      changes->Add(loaded.file, ": the revocation list of ", loaded.list->issuer(), ", ",
                   About(*loaded.list));
    }
  }
  for (const LoadedRevocationList& loaded : before.revocation_lists) {
    if (!has(after, loaded)) {
      changes->Add(loaded.file, ": no longer the revocation list of ", loaded.list->issuer(), ", ",
                   About(*loaded.list));
    }
  }
}

}  // namespace

std::vector<std::string> WhatChanged(const Generation& before, const Generation& after) {
  std::vector<std::string> sentences;
  for (const ListenerMaterial& now : after.listeners) {
    const ListenerMaterial* old = before.Find(now.listener);
    if (old != nullptr && old->id == now.id) continue;
    Changes changes(now.listener, &sentences);
    const ListenerMaterial none;
    CompareCertificates(old == nullptr ? none : *old, now, &changes);
    CompareAnchors(old == nullptr ? none : *old, now, &changes);
    CompareLists(old == nullptr ? none : *old, now, &changes);
  }
  return sentences;
}

}  // namespace mantlet::certs
