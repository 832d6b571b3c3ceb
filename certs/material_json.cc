#include "certs/material_json.h"

#include <cstddef>
#include <cstdint>

#include "certs/certificate_text.h"
#include "proxy/base/text.h"

namespace mantlet::certs {
namespace {

void WriteOcspResponse(const StapledResponse& ocsp, JsonWriter* json) {
  json->Key("ocsp_response").BeginObject();
  json->Key("file").String(ocsp.file);
  json->Key("this_update").String(base::Rfc3339Seconds(ocsp.this_update));
  if (ocsp.next_update != 0)
    json->Key("next_update").String(base::Rfc3339Seconds(ocsp.next_update));
  json->Key("signature_verified").Bool(ocsp.signer != nullptr);
  if (ocsp.signer != nullptr) json->Key("signer").String(ocsp.signer->subject());
  json->EndObject();
}

void WriteServer(const ServerCertificate& server, bool is_default, JsonWriter* json) {
  json->BeginObject();
  json->Key("chain_file").String(server.chain_file);
  json->Key("key_file").String(server.key_file);
  json->Key("default").Bool(is_default);
  json->Key("names").Strings(server.names);
  json->Key("chain").BeginArray();
  for (const x509::CertificatePtr& certificate : server.chain) {
    WriteCertificate(*certificate, json);
  }
  json->EndArray();
  if (server.ocsp != nullptr) WriteOcspResponse(*server.ocsp, json);
  json->EndObject();
}

void WriteAnchor(const TrustAnchor& anchor, JsonWriter* json) {
  json->BeginObject();
  json->Key("file").String(anchor.file);
  if (!anchor.trust_domain.empty()) json->Key("trust_domain").String(anchor.trust_domain);
  WriteCertificateMembers(*anchor.certificate, json);
  json->EndObject();
}

void WriteDomain(const SpiffeDomain& domain, JsonWriter* json) {
  const size_t authorities = domain.trust == nullptr ? 0 : domain.trust->anchors().size();
  json->BeginObject();
  json->Key("name").String(domain.name);
  json->Key("authorities").Number(static_cast<int64_t>(authorities));
  if (domain.sequence.has_value()) {
    json->Key("spiffe_sequence").Number(static_cast<int64_t>(*domain.sequence));
  }
  json->EndObject();
}

void WriteRevocationList(const LoadedRevocationList& loaded, JsonWriter* json) {
  const x509::RevocationList& list = *loaded.list;
  json->BeginObject();
  json->Key("file").String(loaded.file);
  json->Key("issuer").String(list.issuer());
  if (!list.number().empty()) json->Key("number").String(list.number());
  json->Key("this_update").String(base::Rfc3339Seconds(list.this_update()));
  if (list.next_update() != 0)
    json->Key("next_update").String(base::Rfc3339Seconds(list.next_update()));
  json->Key("revoked").Number(static_cast<int64_t>(list.entries()));
  if (!list.ScopeText().empty()) json->Key("scope").String(list.ScopeText());
  json->Key("signature_verified").Bool(loaded.signer != nullptr);
  if (loaded.signer != nullptr) json->Key("signer_serial").String(loaded.signer->serial());
  json->EndObject();
}

}  // namespace

void WriteMaterial(const ListenerMaterial& material, JsonWriter* json) {
  json->Key("certificates").BeginArray();
  for (const ServerCertificate& server : material.certificates) {
    WriteServer(server, &server == &material.certificates.front(), json);
  }
  json->EndArray();
  json->Key("trust_anchors").BeginArray();
  for (const TrustAnchor& anchor : material.anchors) WriteAnchor(anchor, json);
  json->EndArray();
  json->Key("trust_domains").BeginArray();
  for (const SpiffeDomain& domain : material.spiffe) WriteDomain(domain, json);
  json->EndArray();
  json->Key("revocation_lists").BeginArray();
  for (const LoadedRevocationList& loaded : material.revocation_lists) {
    WriteRevocationList(loaded, json);
  }
  json->EndArray();
}

}  // namespace mantlet::certs
