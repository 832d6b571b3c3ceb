#include "certs/show_spiffe.h"

#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "certs/certificate_json.h"
#include "certs/certificate_text.h"
#include "certs/spiffe_bundle.h"
#include "certs/strict_json.h"

namespace mantlet::certs {
namespace {

using Json = nlohmann::ordered_json;

std::string SequenceText(const SpiffeBundle& bundle) {
  return bundle.sequence.has_value() ? absl::StrCat(", sequence ", *bundle.sequence) : "";
}

std::string AuthoritiesText(const SpiffeBundle& bundle, int64_t now) {
  if (bundle.authorities.empty()) return "  no X.509 authority: all clients are rejected\n";
  std::vector<x509::CertificatePtr> certificates;
  for (const SpiffeBundle::Authority& authority : bundle.authorities) {
    certificates.push_back(authority.certificate);
  }
  std::string text = DrawChain(certificates, 2, now);
  for (const SpiffeBundle::Authority& authority : bundle.authorities) {
    absl::StrAppend(&text, "\n  ", authority.where, "  certificate\n",
                    DescribeCertificate(*authority.certificate, 4, now));
  }
  return text;
}

// Appends to `items`. `trust_domain` is empty if the file does not name one.
void AddAuthorities(const SpiffeBundle& bundle, const std::string& trust_domain, Json* items) {
  for (const SpiffeBundle::Authority& authority : bundle.authorities) {
    Json json = {{"type", "certificate"}};
    if (!trust_domain.empty()) json["trust_domain"] = trust_domain;
    json["where"] = authority.where;
    json["certificate"] = CertificateToJson(*authority.certificate);
    items->push_back(std::move(json));
  }
}

absl::Status ShowBundle(std::string_view bytes, int64_t now, std::string* text, Json* json) {
  absl::StatusOr<SpiffeBundle> bundle = ParseSpiffeBundle(bytes);
  if (!bundle.ok()) return bundle.status();
  absl::StrAppend(text, "SPIFFE bundle", SequenceText(*bundle), "\n",
                  AuthoritiesText(*bundle, now));
  (*json)["format"] = "SPIFFE bundle";
  AddAuthorities(*bundle, "", &((*json)["items"] = Json::array()));
  return absl::OkStatus();
}

absl::Status ShowMap(std::string_view bytes, int64_t now, std::string* text, Json* json) {
  absl::StatusOr<SpiffeBundles> bundles = ParseSpiffeBundleMap(bytes);
  if (!bundles.ok()) return bundles.status();
  absl::StrAppend(text, "SPIFFE bundle map",
                  bundles->empty() ? " without a trust domain: all clients are rejected" : "",
                  "\n");
  (*json)["format"] = "SPIFFE bundle map";
  Json& items = (*json)["items"] = Json::array();
  for (const auto& [name, bundle] : *bundles) {
    absl::StrAppend(text, "\ntrust domain ", name, SequenceText(bundle), "\n",
                    AuthoritiesText(bundle, now));
    AddAuthorities(bundle, name, &items);
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status ShowSpiffe(std::string_view bytes, int64_t now, std::string* text, Json* json) {
  absl::StatusOr<nlohmann::json> parsed = ParseStrictJson(bytes);
  if (!parsed.ok()) return parsed.status();
  const bool map = parsed->is_object() && parsed->contains("trust_domains");
  return map ? ShowMap(bytes, now, text, json) : ShowBundle(bytes, now, text, json);
}

}  // namespace mantlet::certs
