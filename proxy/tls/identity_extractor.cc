#include "proxy/tls/identity_extractor.h"

#include <openssl/x509.h>

#include <optional>
#include <string>
#include <utility>

#include "proxy/pattern/spiffe_id.h"
#include "proxy/tls/certificate_names.h"
#include "proxy/tls/hex.h"
#include "proxy/tls/key_usages.h"
#include "proxy/tls/openssl_errors.h"
#include "proxy/tls/x509_facts.h"

namespace mantlet::tls {

identity::ClientCertificate ExtractIdentity(const PresentedChain& chain) {
  identity::ClientCertificate identity;
  X509* leaf = chain.x509(0);
  identity.subject = RenderName(X509_get_subject_name(leaf), ControlBytes::kKeep);
  identity.issuer = RenderName(X509_get_issuer_name(leaf), ControlBytes::kKeep);
  const std::optional<std::string> cn = CommonName(X509_get_subject_name(leaf));
  identity.cn = cn.value_or("");
  identity.cn_unreadable = !cn.has_value();
  identity.ou = OrganizationalUnits(X509_get_subject_name(leaf));
  identity.organization_identifier = OrganizationIdentifiers(X509_get_subject_name(leaf));
  identity.serial = SerialHex(leaf);
  identity.fingerprint_sha256 = Sha256Hex(chain.der(0));
  identity.fingerprint_sha1 = Sha1Hex(chain.der(0));
  identity.spki_sha256 = SpkiSha256Hex(leaf);
  SubjectAltNames names;
  ReadSubjectAltNames(leaf, &names);
  identity.san_uri = std::move(names.uri);
  identity.san_dns = std::move(names.dns);
  identity.san_email = std::move(names.email);
  identity.san_ip = std::move(names.ip);
  identity.san_upn = std::move(names.upn);
  ReadValidity(leaf, &identity.not_before, &identity.not_after);
  identity.server_auth_only = IsServerAuthOnly(leaf);
  identity.der = std::string(chain.der(0));
  for (size_t i = 1; i < chain.size(); ++i) identity.chain_der.emplace_back(chain.der(i));
  if (identity.san_uri.size() == 1) {
    absl::StatusOr<pattern::SpiffeId> id = pattern::ParseSpiffeId(identity.san_uri[0]);
    if (id.ok() && !id->path.empty()) identity.spiffe_id = identity.san_uri[0];
  }
  ClearErrors();
  return identity;
}

absl::StatusOr<identity::ClientCertificate> ExtractIdentity(
    absl::Span<const std::string_view> ders) {
  absl::StatusOr<PresentedChain> chain = PresentedChain::Parse(ders);
  if (!chain.ok()) return chain.status();
  return ExtractIdentity(*chain);
}

}  // namespace mantlet::tls
