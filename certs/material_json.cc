#include "certs/material_json.h"

#include <utility>
#include <vector>

#include "certs/certificate_json.h"
#include "proxy/base/text.h"

namespace mantlet::certs {
namespace {

using Json = nlohmann::ordered_json;

Json ToJson(const StapledResponse& ocsp) {
  Json json = {{"file", ocsp.file}, {"this_update", base::Rfc3339Seconds(ocsp.this_update)}};
  if (ocsp.next_update != 0) json["next_update"] = base::Rfc3339Seconds(ocsp.next_update);
  json["signature_verified"] = ocsp.signer != nullptr;
  if (ocsp.signer != nullptr) json["signer"] = ocsp.signer->subject();
  return json;
}

Json ToJson(const ServerCertificate& server, bool is_default) {
  Json json = {{"chain_file", server.chain_file},
               {"key_file", server.key_file},
               {"default", is_default},
               {"names", server.names},
               {"chain", Json::array()}};
  for (const x509::CertificatePtr& certificate : server.chain) {
    json["chain"].push_back(CertificateToJson(*certificate));
  }
  if (server.ocsp != nullptr) json["ocsp_response"] = ToJson(*server.ocsp);
  return json;
}

Json ToJson(const TrustAnchor& anchor) {
  Json json = {{"file", anchor.file}};
  if (!anchor.trust_domain.empty()) json["trust_domain"] = anchor.trust_domain;
  json.update(CertificateToJson(*anchor.certificate));
  return json;
}

Json ToJson(const SpiffeDomain& domain) {
  Json json = {{"name", domain.name},
               {"authorities", domain.trust == nullptr ? 0 : domain.trust->anchors().size()}};
  if (domain.sequence.has_value()) json["spiffe_sequence"] = *domain.sequence;
  return json;
}

Json ToJson(const LoadedRevocationList& loaded) {
  const x509::RevocationList& list = *loaded.list;
  Json json = {{"file", loaded.file}, {"issuer", list.issuer()}};
  if (!list.number().empty()) json["number"] = list.number();
  json["this_update"] = base::Rfc3339Seconds(list.this_update());
  if (list.next_update() != 0) json["next_update"] = base::Rfc3339Seconds(list.next_update());
  json["revoked"] = list.entries();
  if (!list.ScopeText().empty()) json["scope"] = list.ScopeText();
  json["signature_verified"] = loaded.signer != nullptr;
  if (loaded.signer != nullptr) json["signer_serial"] = loaded.signer->serial();
  return json;
}

template <typename Value>
Json ToJsonArray(const std::vector<Value>& values) {
  Json array = Json::array();
  for (const Value& value : values) array.push_back(ToJson(value));
  return array;
}

}  // namespace

void AddMaterial(const ListenerMaterial& material, Json* json) {
  Json certificates = Json::array();
  for (const ServerCertificate& server : material.certificates) {
    certificates.push_back(ToJson(server, &server == &material.certificates.front()));
  }
  (*json)["certificates"] = std::move(certificates);
  (*json)["trust_anchors"] = ToJsonArray(material.anchors);
  (*json)["trust_domains"] = ToJsonArray(material.spiffe);
  (*json)["revocation_lists"] = ToJsonArray(material.revocation_lists);
}

}  // namespace mantlet::certs
