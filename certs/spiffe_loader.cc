#include "certs/spiffe_loader.h"

#include <algorithm>
#include <map>
#include <utility>

#include "absl/strings/str_cat.h"
#include "certs/image_lookup.h"
#include "certs/spiffe_bundle.h"
#include "certs/strict_json.h"
#include "certs/trust_loader.h"
#include "proxy/pattern/spiffe_id.h"

namespace mantlet::certs {
namespace {

// Gathered is one trust domain while its files are read.
struct Gathered {
  std::vector<TrustAnchor> anchors;
  std::optional<uint64_t> sequence;
  std::string file;      // the first file
  bool refused = false;  // a part of it cannot be used; an error was reported
};

using GatheredDomains = std::map<std::string, Gathered>;

void AddBundle(const std::string& trust_domain, const SpiffeBundle& bundle, const std::string& file,
               int64_t now, DiagnosticSink* sink, Gathered* domain) {
  for (const SpiffeBundle::Authority& authority : bundle.authorities) {
    const std::string place = absl::StrCat("trust domain ", trust_domain, ", ", authority.where);
    if (CheckAnchor(*authority.certificate, Version1Roots::kRefuse, place, file, now, sink)) {
      domain->anchors.push_back({authority.certificate, file, trust_domain});
    } else {
      domain->refused = true;
    }
  }
  if (bundle.sequence.has_value()) domain->sequence = std::max(domain->sequence, bundle.sequence);
}

void LoadBundleFile(const std::string& trust_domain, const std::string& file,
                    const FileImages& images, int64_t now, DiagnosticSink* sink, Gathered* domain) {
  const FileContent* content = FindContent(file, images, sink);
  if (content == nullptr) {
    domain->refused = true;
    return;
  }
  if (!LooksLikeJsonObject(content->bytes)) {
    std::vector<TrustAnchor> anchors =
        LoadAnchorFile({file, ""}, Version1Roots::kRefuse, images, now, sink);
    domain->refused |= anchors.empty();
    for (TrustAnchor& anchor : anchors) {
      anchor.trust_domain = trust_domain;
      domain->anchors.push_back(std::move(anchor));
    }
    return;
  }
  absl::StatusOr<SpiffeBundle> bundle = ParseSpiffeBundle(content->bytes);
  if (bundle.ok()) {
    AddBundle(trust_domain, *bundle, file, now, sink, domain);
  } else {
    ReportUnparsable(file, bundle.status(), sink);
    domain->refused = true;
  }
}

void LoadBundleMap(const std::string& file, const FileImages& images, int64_t now,
                   DiagnosticSink* sink, GatheredDomains* domains) {
  const FileContent* content = FindContent(file, images, sink);
  if (content == nullptr) return;
  absl::StatusOr<SpiffeBundles> bundles = ParseSpiffeBundleMap(content->bytes);
  if (!bundles.ok()) {
    ReportUnparsable(file, bundles.status(), sink);
    return;
  }
  if (bundles->empty()) {
    sink->Warning("spiffe_no_trust_domain", file, "the bundle map names no trust domain",
                  "unless all were revoked, get the current one");
  }
  for (const auto& [name, bundle] : *bundles) {
    if (domains->contains(name)) {
      sink->Error("spiffe_domain_twice", file,
                  absl::StrCat("trust domain ", name,
                               " is in the bundle map and under spiffe.trust_domains, too"),
                  "remove it from one of them");
      continue;
    }
    Gathered& domain = (*domains)[name];
    domain.file = file;
    AddBundle(name, bundle, file, now, sink, &domain);
  }
}

// The only ID that an authority should have is that of its trust domain (X509-SVID, 3.2).
void CheckAuthorityIds(const std::string& trust_domain, const Gathered& domain,
                       DiagnosticSink* sink) {
  for (const TrustAnchor& anchor : domain.anchors) {
    for (std::string_view uri : anchor.certificate->san().uri) {
      if (!pattern::ClaimsToBeSpiffeId(uri)) continue;
      if (uri.ends_with('/')) uri.remove_suffix(1);
      if (uri == absl::StrCat("spiffe://", trust_domain)) continue;
      sink->Warning(
          "spiffe_foreign_authority", anchor.file,
          absl::StrCat("the authority ", anchor.certificate->subject(), " of trust domain ",
                       trust_domain, " has the SPIFFE ID ", std::string(uri)),
          "check that it is not the bundle of another trust domain");
    }
  }
}

// Returns null for a domain without authorities.
x509::TrustStorePtr TrustOf(const Gathered& domain) {
  std::vector<x509::CertificatePtr> certificates;
  for (const TrustAnchor& anchor : domain.anchors) certificates.push_back(anchor.certificate);
  absl::StatusOr<x509::TrustStorePtr> trust = x509::TrustStore::Create(certificates);
  return trust.ok() ? *std::move(trust) : nullptr;
}

}  // namespace

std::vector<std::string> SpiffeFiles(const config::Spiffe& spiffe) {
  std::vector<std::string> files;
  for (const config::SpiffeTrustDomain& domain : spiffe.trust_domains) {
    files.insert(files.end(), domain.bundle.begin(), domain.bundle.end());
  }
  if (!spiffe.bundle_map.empty()) files.push_back(spiffe.bundle_map);
  return files;
}

std::vector<SpiffeDomain> LoadSpiffeDomains(const config::Spiffe& spiffe, const FileImages& images,
                                            int64_t now, DiagnosticSink* sink,
                                            std::vector<TrustAnchor>* anchors) {
  GatheredDomains gathered;
  for (const config::SpiffeTrustDomain& named : spiffe.trust_domains) {
    Gathered& domain = gathered[named.name];
    if (!named.bundle.empty()) domain.file = named.bundle.front();
    for (const std::string& file : named.bundle) {
      LoadBundleFile(named.name, file, images, now, sink, &domain);
    }
  }
  if (!spiffe.bundle_map.empty()) LoadBundleMap(spiffe.bundle_map, images, now, sink, &gathered);

  std::vector<SpiffeDomain> domains;
  for (const auto& [name, domain] : gathered) {
    if (domain.anchors.empty() && !domain.refused) {
      sink->Warning("spiffe_no_authority", domain.file,
                    absl::StrCat("the bundle of trust domain ", name,
                                 " has no X.509 authority, so all of its clients are rejected"),
                    "unless its keys were revoked, get its current bundle");
    }
    CheckAuthorityIds(name, domain, sink);
    domains.push_back({name, TrustOf(domain), domain.sequence});
    anchors->insert(anchors->end(), domain.anchors.begin(), domain.anchors.end());
  }
  return domains;
}

std::vector<std::string> SequenceRegressions(const Generation& served, const Generation& next) {
  std::vector<std::string> sentences;
  for (const ListenerMaterial& listener : next.listeners) {
    const ListenerMaterial* before = served.Find(listener.listener);
    if (before == nullptr) continue;
    for (const SpiffeDomain& domain : listener.spiffe) {
      const auto same_name = [&](const SpiffeDomain& other) { return other.name == domain.name; };
      const auto old = std::find_if(before->spiffe.begin(), before->spiffe.end(), same_name);
      if (old == before->spiffe.end() || !old->sequence || !domain.sequence) continue;
      if (*domain.sequence >= *old->sequence) continue;
      sentences.push_back(
          absl::StrCat("listener ", listener.listener, ": the bundle of trust domain ", domain.name,
                       " has the spiffe_sequence ", *domain.sequence, ", lower than before (",
                       *old->sequence, "); check that it is not an old bundle"));
    }
  }
  return sentences;
}

}  // namespace mantlet::certs
