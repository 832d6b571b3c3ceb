#include "proxy/policy/client_facts.h"

#include "proxy/identity/encoding.h"
#include "proxy/pattern/distinguished_name.h"
#include "proxy/pattern/dns_pattern.h"
#include "proxy/pattern/spiffe_id.h"

namespace mantlet::policy {

ClientFacts::ClientFacts(const identity::PeerIdentity& peer)
    : has_certificate(peer.is_mutual_tls()), sni(peer.tls.sni) {
  if (!has_certificate) return;
  const identity::ClientCertificate& certificate = *peer.certificate;
  spiffe_id = certificate.spiffe_id;
  if (const auto id = pattern::ParseSpiffeId(spiffe_id); id.ok()) trust_domain = id->trust_domain;
  cn = certificate.cn;
  spki_sha256 = certificate.spki_sha256;
  if (const auto name = pattern::CanonicalName(certificate.issuer))
    issuer = pattern::JoinName(*name);
  // A wildcard must not take in what nobody would write into a rule.
  for (const std::string& uri : certificate.san_uri) {
    if (identity::IsSafeText(uri)) uri_san.push_back(uri);
  }
  for (const std::string& name : certificate.san_dns) dns_san.push_back(pattern::LowerAscii(name));
  ou = &certificate.ou;
}

}  // namespace mantlet::policy
