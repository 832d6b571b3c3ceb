#include "certs/check.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "certs/certificate_text.h"
#include "certs/generation_loader.h"
#include "certs/material_json.h"
#include "certs/spiffe_loader.h"
#include "certs/time_text.h"
#include "config/enum_names.h"

namespace mantlet::certs {
namespace {

using Json = nlohmann::ordered_json;

std::string OcspText(const StapledResponse& ocsp, int64_t now) {
  return absl::StrCat(
      "    OCSP   ", Printable(ocsp.file), ", good from ", DateTime(ocsp.this_update),
      ocsp.next_update == 0 ? ""
                            : absl::StrCat(" until ", DateTime(ocsp.next_update), ", ",
                                           RelativeTime(ocsp.next_update, now)),
      ocsp.signer == nullptr ? ", signature not checked"
                             : absl::StrCat(", signed by ", Printable(ocsp.signer->subject())),
      "\n");
}

std::string ServerText(const ServerCertificate& server, bool is_default, int64_t now) {
  std::string text =
      absl::StrCat("  server certificate ", Printable(server.chain_file),
                   is_default ? " (default)" : "", "\n", DrawChain(server.chain, 4, now));
  absl::StrAppend(&text, "    key    ", Printable(server.key_file), ", ",
                  server.key->public_key().text, ", matches\n");
  if (!server.names.empty()) {
    absl::StrAppend(&text, "    names  ", Printable(absl::StrJoin(server.names, ", ")), "\n");
  }
  if (!server.leaf->san().ip.empty()) {
    absl::StrAppend(&text, "    IP     ", absl::StrJoin(server.leaf->san().ip, ", "), "\n");
  }
  if (!server.san_uri.empty()) {
    absl::StrAppend(&text, "    URI    ", Printable(absl::StrJoin(server.san_uri, ", ")), "\n");
  }
  if (server.ocsp != nullptr) text += OcspText(*server.ocsp, now);
  return text;
}

// Returns the anchors of one file; with a trust domain, its authorities. Empty if there are none.
std::string AnchorsText(const std::string& title, const std::string& file,
                        const std::string& trust_domain, const ListenerMaterial& material,
                        int64_t now) {
  std::vector<x509::CertificatePtr> anchors;
  for (const TrustAnchor& anchor : material.anchors) {
    if (anchor.file == file && anchor.trust_domain == trust_domain) {
      anchors.push_back(anchor.certificate);
    }
  }
  if (anchors.empty()) return "";
  return absl::StrCat("  ", title, " ", Printable(file), "\n", DrawChain(anchors, 4, now));
}

std::string RevocationText(const LoadedRevocationList& loaded, int64_t now) {
  const x509::RevocationList& list = *loaded.list;
  const std::string scope = list.ScopeText();
  std::string text = absl::StrCat(
      "  revocation list ", Printable(loaded.file), "\n    ", Printable(list.issuer()), ", ",
      list.entries(), " revoked", list.number().empty() ? "" : ", number ", list.number(),
      scope.empty() ? "" : absl::StrCat(", ", Printable(scope)), "\n    this update ",
      DateTime(list.this_update()), ", next update ",
      list.next_update() == 0
          ? "none"
          : absl::StrCat(DateTime(list.next_update()), ", ", RelativeTime(list.next_update(), now)),
      "\n    ");
  if (loaded.signer == nullptr)
    return text + "signature not checked yet: its CA is not a trust anchor\n";
  return absl::StrCat(text, "signature verified with the key of ",
                      Printable(loaded.signer->subject()), " ", loaded.signer->serial(), "\n");
}

std::string TrustText(const config::ClientAuth& client_auth, const ListenerMaterial& material,
                      int64_t now) {
  std::string text = absl::StrCat("  client certificates: ", config::ToString(client_auth.mode),
                                  client_auth.mode == config::ClientAuthMode::kNone
                                      ? ""
                                      : absl::StrCat(", at most ", client_auth.max_depth,
                                                     " intermediates below a trust anchor"),
                                  "\n");
  for (const config::TrustFile& file : client_auth.trust_bundle) {
    absl::StrAppend(&text, AnchorsText("trust anchors", file.path, "", material, now));
  }
  for (const SpiffeDomain& domain : material.spiffe) {
    const std::string title = absl::StrCat("trust domain ", domain.name);
    if (domain.trust == nullptr) {
      absl::StrAppend(&text, "  ", title, ": no X.509 authority, all clients are rejected\n");
    }
    for (const std::string& file : SpiffeFiles(client_auth.spiffe)) {
      absl::StrAppend(&text, AnchorsText(title, file, domain.name, material, now));
    }
  }
  if (client_auth.server_auth_clients && client_auth.mode != config::ClientAuthMode::kNone) {
    absl::StrAppend(&text, "  clients whose only extended key usage is serverAuth are accepted\n");
  }
  if (!client_auth.spki_pins.empty()) {
    absl::StrAppend(&text, "  pinned keys: ", client_auth.spki_pins.size(), "\n");
  }
  if (!client_auth.ca_pins.empty()) {
    absl::StrAppend(&text, "  pinned keys of CAs: ", client_auth.ca_pins.size(), "\n");
  }
  for (const LoadedRevocationList& loaded : material.revocation_lists) {
    text += RevocationText(loaded, now);
  }
  return text;
}

std::string ListenerText(const config::Listener& listener, const ListenerMaterial& material,
                         int64_t now) {
  std::string text = absl::StrCat("listener ", Printable(listener.name), "\n");
  for (size_t i = 0; i < material.certificates.size(); ++i) {
    text += ServerText(material.certificates[i], i == 0 && material.certificates.size() > 1, now);
  }
  if (material.certificates.empty()) text += "  no usable server certificate\n";
  return text + TrustText(listener.client_auth, material, now);
}

std::string DiagnosticsText(const config::Diagnostics& diagnostics) {
  std::string text;
  for (const config::Diagnostic& diagnostic : diagnostics) {
    absl::StrAppend(&text, config::ToString(diagnostic.severity), ": ",
                    Printable(diagnostic.where.file), diagnostic.where.file.empty() ? "" : ": ",
                    Printable(diagnostic.what), "\n");
    if (!diagnostic.hint.empty()) absl::StrAppend(&text, "  -> ", Printable(diagnostic.hint), "\n");
  }
  return text;
}

Json ToJson(const config::Listener& listener, const ListenerMaterial& material) {
  Json json = {{"name", listener.name},
               {"client_auth", config::ToString(listener.client_auth.mode)},
               {"server_auth_clients", listener.client_auth.server_auth_clients}};
  AddMaterial(material, &json);
  return json;
}

Json ToJson(const config::Diagnostics& diagnostics) {
  Json json = Json::array();
  for (const config::Diagnostic& diagnostic : diagnostics) {
    json.push_back({{"severity", config::ToString(diagnostic.severity)},
                    {"code", diagnostic.code},
                    {"listener", diagnostic.listener},
                    {"file", diagnostic.where.file},
                    {"what", diagnostic.what},
                    {"cure", diagnostic.hint}});
  }
  return json;
}

CheckReport Unstable(const std::string& why) {
  CheckReport report;
  report.ok = false;
  report.diagnostics.push_back({{}, config::Severity::kError, why, "", "unstable"});
  return report;
}

}  // namespace

CheckReport CheckMaterial(const config::Config& config, FileReader& reader, int64_t now) {
  absl::StatusOr<MaterialSnapshot> files = GenerationLoader::ReadAll(config, reader);
  CheckReport report;
  BuildResult built;
  if (files.ok()) {
    built = BuildGeneration(config, *files, now);
    report.diagnostics = std::move(built.diagnostics);
  } else {
    report = Unstable(std::string(files.status().message()));
  }
  auto worse = [](const config::Diagnostic& a, const config::Diagnostic& b) {
    return a.severity < b.severity;
  };
  std::stable_sort(report.diagnostics.begin(), report.diagnostics.end(), worse);
  report.ok = !config::HasErrors(report.diagnostics);

  report.json = {{"ok", report.ok}, {"listeners", Json::array()}};
  for (const config::Listener& listener : config.listeners) {
    const ListenerMaterial* material = built.partial.Find(listener.name);
    if (material == nullptr) continue;
    report.text += ListenerText(listener, *material, now);
    report.json["listeners"].push_back(ToJson(listener, *material));
  }
  report.text += DiagnosticsText(report.diagnostics);
  report.json["findings"] = ToJson(report.diagnostics);
  return report;
}

}  // namespace mantlet::certs
