#include "proxy/verify/identity_extractor.h"

#include <openssl/x509.h>

#include <optional>
#include <string>
#include <utility>

#include "proxy/pattern/spiffe_id.h"
#include "proxy/x509/certificate_names.h"
#include "proxy/x509/hex.h"
#include "proxy/x509/key_usages.h"
#include "proxy/x509/openssl_errors.h"
#include "proxy/x509/x509_facts.h"

namespace mantlet::verify {

identity::ClientCertificate ExtractIdentity(const PresentedChain& chain) {
  identity::ClientCertificate identity;
  X509* leaf = chain.x509(0);
  identity.subject = x509::RenderName(X509_get_subject_name(leaf), x509::ControlBytes::kKeep);
  identity.issuer = x509::RenderName(X509_get_issuer_name(leaf), x509::ControlBytes::kKeep);
  const std::optional<std::string> cn = x509::CommonName(X509_get_subject_name(leaf));
  identity.cn = cn.value_or("");
  identity.cn_unreadable = !cn.has_value();
  identity.ou = x509::OrganizationalUnits(X509_get_subject_name(leaf));
  identity.organization_identifier = x509::OrganizationIdentifiers(X509_get_subject_name(leaf));
  identity.serial = x509::SerialHex(leaf);
  identity.fingerprint_sha256 = x509::Sha256Hex(chain.der(0));
  identity.fingerprint_sha1 = x509::Sha1Hex(chain.der(0));
  identity.spki_sha256 = x509::SpkiSha256Hex(leaf);
  x509::SubjectAltNames names;
  x509::ReadSubjectAltNames(leaf, &names);
  identity.san_uri = std::move(names.uri);
  identity.san_dns = std::move(names.dns);
  identity.san_email = std::move(names.email);
  identity.san_ip = std::move(names.ip);
  identity.san_upn = std::move(names.upn);
  x509::ReadValidity(leaf, &identity.not_before, &identity.not_after);
  identity.server_auth_only = x509::IsServerAuthOnly(leaf);
  identity.der = std::string(chain.der(0));
  for (size_t i = 1; i < chain.size(); ++i) identity.chain_der.emplace_back(chain.der(i));
  if (identity.san_uri.size() == 1) {
    absl::StatusOr<pattern::SpiffeId> id = pattern::ParseSpiffeId(identity.san_uri[0]);
    if (id.ok() && !id->path.empty()) identity.spiffe_id = identity.san_uri[0];
  }
  x509::ClearErrors();
  return identity;
}

absl::StatusOr<identity::ClientCertificate> ExtractIdentity(
    absl::Span<const std::string_view> ders) {
  absl::StatusOr<PresentedChain> chain = PresentedChain::Parse(ders);
  if (!chain.ok()) return chain.status();
  return ExtractIdentity(*chain);
}

}  // namespace mantlet::verify
