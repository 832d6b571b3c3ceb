#include "certs/generation_builder.h"

#include <algorithm>
#include <memory>
#include <optional>
#include <set>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "certs/diagnostic_sink.h"
#include "certs/ocsp_loader.h"
#include "certs/policy_names_check.h"
#include "certs/revocation_coverage.h"
#include "certs/revocation_loader.h"
#include "certs/server_certificate_check.h"
#include "certs/server_certificate_loader.h"
#include "certs/server_chain.h"
#include "certs/spiffe_loader.h"
#include "certs/trust_loader.h"
#include "proxy/x509/hex.h"

namespace mantlet::certs {
namespace {

// Returns a digest of the material that is served and trusted. The key is not included: it belongs
// to the leaf, so another key means another certificate.
std::string MaterialId(const ListenerMaterial& material) {
  std::string digests;
  for (const ServerCertificate& server : material.certificates) {
    for (const std::string& der : server.chain_der) {
      absl::StrAppend(&digests, x509::Sha256Hex(der), " ");
    }
    if (server.ocsp != nullptr) {
      absl::StrAppend(&digests, "OCSP ", x509::Sha256Hex(server.ocsp->der));
    }
    digests += '\n';
  }
  digests += material.trust == nullptr ? "no trust bundle" : material.trust->id();
  for (const SpiffeDomain& domain : material.spiffe) {
    absl::StrAppend(&digests, "\nspiffe://", domain.name, " ",
                    domain.trust == nullptr ? "nobody" : domain.trust->id());
  }
  if (material.revocation != nullptr) {
    absl::StrAppend(&digests, "\nrevocation ", material.revocation->id());
  }
  return x509::Sha256Hex(digests);
}

void BuildTrustBundle(const config::ClientAuth& client_auth, const FileImages& files, int64_t now,
                      DiagnosticSink* sink, ListenerMaterial* material) {
  if (client_auth.trust_bundle.empty() && client_auth.spiffe.enabled()) return;
  material->anchors =
      LoadTrustAnchors(client_auth.trust_bundle, client_auth.partial_chain, files, now, sink);
  std::vector<x509::CertificatePtr> anchors;
  for (const TrustAnchor& anchor : material->anchors) anchors.push_back(anchor.certificate);
  absl::StatusOr<x509::TrustStorePtr> trust = x509::TrustStore::Create(anchors);
  if (trust.ok()) {
    material->trust = *std::move(trust);
  } else if (client_auth.trust_bundle.empty() || !material->anchors.empty()) {
    // An error has already been reported for a file without anchors.
    sink->Error("no_trust_anchor", "",
                absl::StrCat("listener ", material->listener, " has no trust anchor"),
                "name at least one CA certificate under client_auth.trust_bundle");
  }
}

const char* WhoIsRefused(config::ClientAuthMode mode) {
  switch (mode) {
    case config::ClientAuthMode::kRequest:
      return " verifies no client certificate";
    case config::ClientAuthMode::kOptional:
      return " rejects every client with a certificate";
    default:
      return " rejects every client";
  }
}

// Warns about a valid configuration with which every client certificate is rejected.
void WarnIfNoClientCanConnect(const config::ClientAuth& client_auth,
                              const ListenerMaterial& material, DiagnosticSink* sink) {
  if (client_auth.mode == config::ClientAuthMode::kNone || !client_auth.spiffe.enabled()) return;
  if (!client_auth.trust_bundle.empty()) return;
  if (std::any_of(material.spiffe.begin(), material.spiffe.end(),
                  [](const SpiffeDomain& domain) { return domain.trust != nullptr; })) {
    return;
  }
  sink->Warning("nobody_gets_in", "",
                absl::StrCat("listener ", material.listener, WhoIsRefused(client_auth.mode),
                             ": it has no trust_bundle, and no SPIFFE trust domain has an "
                             "authority"),
                "add a bundle with authorities");
}

// Builds the trust of one listener. `material->trust` stays null if the listener needs none, or if
// an error was reported.
void BuildTrust(const config::ClientAuth& client_auth, const MaterialSnapshot& snapshot,
                int64_t now, DiagnosticSink* sink, ListenerMaterial* material) {
  if (client_auth.mode == config::ClientAuthMode::kNone) return;
  BuildTrustBundle(client_auth, snapshot.files, now, sink, material);
  material->spiffe =
      LoadSpiffeDomains(client_auth.spiffe, snapshot.files, now, sink, &material->anchors);
  LoadRevocationLists(client_auth, snapshot.revocation_files, now, sink, material);
}

ListenerMaterial BuildListener(const config::Listener& listener, const MaterialSnapshot& snapshot,
                               int64_t now, config::Diagnostics* diagnostics) {
  DiagnosticSink sink(listener.name, diagnostics);
  ListenerMaterial material;
  material.listener = listener.name;
  BuildTrust(listener.client_auth, snapshot, now, &sink, &material);
  for (const config::CertificateFiles& certificate : listener.tls.certificates) {
    std::optional<ServerCertificate> server =
        LoadServerCertificate(certificate, snapshot.files, &sink);
    if (!server.has_value()) continue;
    ChooseChain(material.anchors, now, &sink, &*server);
    CheckServerCertificate(*server, material.anchors, now, &sink);
    if (!certificate.ocsp_response.empty()) {
      LoadOcspResponse(certificate.ocsp_response, snapshot.files, material.anchors, now, &sink,
                       &*server);
    }
    material.certificates.push_back(*std::move(server));
  }
  CheckDuplicateKeyTypes(material.certificates, &sink);
  if (listener.tls.certificates.empty()) {
    sink.Error("no_server_certificate", "",
               absl::StrCat("listener ", listener.name, " has no server certificate"),
               "name one under tls.certificates");
  }
  CheckPolicyNames(listener, material, &sink);
  if (!config::HasErrors(*diagnostics))
    WarnIfNoClientCanConnect(listener.client_auth, material, &sink);
  material.id = MaterialId(material);
  return material;
}

}  // namespace

BuildResult BuildGeneration(const config::Config& config, const MaterialSnapshot& snapshot,
                            int64_t now, const Generation* previous) {
  BuildResult result;
  Generation& generation = result.partial;
  generation.loaded_at = now;
  generation.revocation_files = snapshot.revocation_files;
  DiagnosticSink all("", &result.diagnostics);
  for (const config::Listener& listener : config.listeners) {
    config::Diagnostics& diagnostics = result.by_listener.emplace_back();
    ListenerMaterial& material =
        generation.listeners.emplace_back(BuildListener(listener, snapshot, now, &diagnostics));
    const ListenerMaterial* before = previous == nullptr ? nullptr : previous->Find(listener.name);
    if (before != nullptr) {
      DiagnosticSink sink(listener.name, &diagnostics);
      WarnOfOlderLists(material, *before, &sink);
      CheckForLostLists(listener.client_auth, *before, &sink, &material);
    }
    for (const config::Diagnostic& diagnostic : diagnostics) {
      if (diagnostic.severity == config::Severity::kWarning)
        material.warnings.push_back(config::Sentence(diagnostic));
      all.Add(diagnostic);
    }
  }
  Seal(&generation);
  if (!config::HasErrors(result.diagnostics)) {
    result.generation = std::make_shared<const Generation>(generation);
  }
  return result;
}

}  // namespace mantlet::certs
