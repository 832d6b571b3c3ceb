#include "proxy/policy/client_facts.h"

#include <utility>

#include "proxy/identity/encoding.h"
#include "proxy/identity/identity_field.h"
#include "proxy/pattern/distinguished_name.h"
#include "proxy/pattern/dns_pattern.h"
#include "proxy/pattern/mailbox.h"
#include "proxy/pattern/spiffe_id.h"

namespace mantlet::policy {
namespace {

// Adds a name and the pattern for its host, so that an exact lookup also finds conditions on the
// host. An unsafe name gets no pattern: a wildcard must not match characters that no rule would
// contain.
void AddMailbox(std::string_view name, bool safe, std::vector<std::string>& names) {
  names.push_back(pattern::CanonicalMailbox(name));
  if (!safe) return;
  std::string host = pattern::AnyMailboxOfHost(name);
  if (!host.empty()) names.push_back(std::move(host));
}

}  // namespace

ClientFacts::ClientFacts(const identity::PeerIdentity& peer)
    : has_certificate(peer.is_mutual_tls()), verify(identity::VerifyText(peer)), sni(peer.tls.sni) {
  if (!has_certificate) return;
  const identity::ClientCertificate& certificate = *peer.certificate;
  spiffe_id = certificate.spiffe_id;
  if (const auto id = pattern::ParseSpiffeId(spiffe_id); id.ok()) trust_domain = id->trust_domain;
  cn = certificate.cn;
  spki_sha256 = certificate.spki_sha256;
  if (const auto name = pattern::CanonicalName(certificate.subject)) {
    subject = pattern::JoinName(*name);
  }
  if (const auto name = pattern::CanonicalName(certificate.issuer)) {
    issuer = pattern::JoinName(*name);
  }
  // Unsafe URIs are skipped: a wildcard must not match characters that no rule would contain.
  for (const std::string& uri : certificate.san_uri) {
    if (identity::IsSafeText(uri)) uri_san.push_back(uri);
  }
  for (const std::string& name : certificate.san_dns) dns_san.push_back(pattern::LowerAscii(name));
  for (const std::string& name : certificate.san_email) {
    AddMailbox(name, identity::IsSafeAscii(name), email_san);
  }
  for (const std::string& name : certificate.san_upn) {
    AddMailbox(name, identity::IsSafeText(name), upn_san);
  }
  ip_san = &certificate.san_ip;
  ou = &certificate.ou;
  organization_identifier = &certificate.organization_identifier;
}

}  // namespace mantlet::policy
