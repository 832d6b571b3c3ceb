#include "certs/check.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "certs/certificate_text.h"
#include "certs/generation_loader.h"
#include "certs/json_writer.h"

namespace mantlet::certs {
namespace {

const char* Word(Severity severity) {
  switch (severity) {
    case Severity::kError:
      return "error";
    case Severity::kWarning:
      return "warning";
    case Severity::kNote:
      return "note";
  }
  return "";
}

const char* Word(config::ClientAuthMode mode) {
  switch (mode) {
    case config::ClientAuthMode::kNone:
      return "none";
    case config::ClientAuthMode::kOptional:
      return "optional";
    case config::ClientAuthMode::kRequire:
      return "require";
  }
  return "";
}

std::string ServerText(const ServerCertificate& server, bool is_default, int64_t now) {
  std::string text =
      absl::StrCat("  server certificate ", Printable(server.chain_file),
                   is_default ? " (the default)" : "", "\n", DrawChain(server.chain, 4, now));
  absl::StrAppend(&text, "    key    ", Printable(server.key_file), ", ",
                  server.key->public_key().text, ", fits\n");
  if (!server.names.empty()) {
    absl::StrAppend(&text, "    names  ", Printable(absl::StrJoin(server.names, ", ")), "\n");
  }
  if (!server.leaf->san().ip.empty()) {
    absl::StrAppend(&text, "    IP     ", absl::StrJoin(server.leaf->san().ip, ", "), "\n");
  }
  if (!server.san_uri.empty()) {
    absl::StrAppend(&text, "    URI    ", Printable(absl::StrJoin(server.san_uri, ", ")), "\n");
  }
  return text;
}

std::string TrustText(const config::ClientAuth& client_auth, const ListenerMaterial& material,
                      int64_t now) {
  std::string text = absl::StrCat("  client certificates: ", Word(client_auth.mode),
                                  client_auth.mode == config::ClientAuthMode::kNone
                                      ? ""
                                      : absl::StrCat(", at most ", client_auth.max_depth,
                                                     " intermediates below a trust anchor"),
                                  "\n");
  for (const std::string& file : client_auth.trust_bundle) {
    std::vector<tls::CertificatePtr> anchors;
    for (const TrustAnchor& anchor : material.anchors) {
      if (anchor.file == file) anchors.push_back(anchor.certificate);
    }
    if (anchors.empty()) continue;
    absl::StrAppend(&text, "  trust anchors ", Printable(file), "\n", DrawChain(anchors, 4, now));
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

std::string FindingsText(const Findings& findings) {
  std::string text;
  for (const Finding& finding : findings) {
    absl::StrAppend(&text, Word(finding.severity), ": ", Printable(finding.file),
                    finding.file.empty() ? "" : ": ", Printable(finding.what), "\n");
    if (!finding.cure.empty()) absl::StrAppend(&text, "  -> ", Printable(finding.cure), "\n");
  }
  return text;
}

void WriteListener(const config::Listener& listener, const ListenerMaterial& material,
                   JsonWriter* json) {
  json->BeginObject();
  json->Key("name").String(listener.name);
  json->Key("client_auth").String(Word(listener.client_auth.mode));
  json->Key("certificates").BeginArray();
  for (const ServerCertificate& server : material.certificates) {
    json->BeginObject();
    json->Key("chain_file").String(server.chain_file);
    json->Key("key_file").String(server.key_file);
    json->Key("names").Strings(server.names);
    json->Key("chain").BeginArray();
    for (const tls::CertificatePtr& certificate : server.chain)
      WriteCertificate(*certificate, json);
    json->EndArray().EndObject();
  }
  json->EndArray();
  json->Key("trust_anchors").BeginArray();
  for (const TrustAnchor& anchor : material.anchors) {
    json->BeginObject();
    json->Key("file").String(anchor.file);
    json->Key("certificate");
    WriteCertificate(*anchor.certificate, json);
    json->EndObject();
  }
  json->EndArray().EndObject();
}

void WriteFindings(const Findings& findings, JsonWriter* json) {
  json->BeginArray();
  for (const Finding& finding : findings) {
    json->BeginObject();
    json->Key("severity").String(Word(finding.severity));
    json->Key("code").String(finding.code);
    json->Key("listener").String(finding.listener);
    json->Key("file").String(finding.file);
    json->Key("what").String(finding.what);
    json->Key("cure").String(finding.cure);
    json->EndObject();
  }
  json->EndArray();
}

CheckReport Unstable(const std::string& why) {
  CheckReport report;
  report.ok = false;
  report.findings.push_back({Severity::kError, "unstable", "", "", why, ""});
  return report;
}

}  // namespace

CheckReport CheckMaterial(const config::Config& config, FileReader& reader, int64_t now) {
  absl::StatusOr<FileImages> files = GenerationLoader::ReadAll(config, reader);
  CheckReport report;
  BuildResult built;
  if (files.ok()) {
    built = BuildGeneration(config, *files, now);
    report.findings = std::move(built.findings);
  } else {
    report = Unstable(std::string(files.status().message()));
  }
  auto worse = [](const Finding& a, const Finding& b) { return a.severity < b.severity; };
  std::stable_sort(report.findings.begin(), report.findings.end(), worse);
  report.ok = !HasError(report.findings);

  JsonWriter json;
  json.BeginObject().Key("ok").Bool(report.ok).Key("listeners").BeginArray();
  for (const config::Listener& listener : config.listeners) {
    const ListenerMaterial* material = built.partial.Find(listener.name);
    if (material == nullptr) continue;
    report.text += ListenerText(listener, *material, now);
    WriteListener(listener, *material, &json);
  }
  report.text += FindingsText(report.findings);
  json.EndArray().Key("findings");
  WriteFindings(report.findings, &json);
  json.EndObject();
  report.json = json.text();
  return report;
}

}  // namespace mantlet::certs
