// ClientFacts holds the attributes of a client that policies compare. It is filled in from the
// client's identity once per connection.

#ifndef MANTLET_PROXY_POLICY_CLIENT_FACTS_H_
#define MANTLET_PROXY_POLICY_CLIENT_FACTS_H_

#include <string>
#include <string_view>
#include <vector>

#include "proxy/identity/peer_identity.h"

namespace mantlet::policy {

// Contains views into the identity, which must outlive it. All attributes of a certificate are
// empty unless the certificate was verified.
struct ClientFacts {
  bool has_certificate = false;  // a verified certificate
  std::string verify = "NONE";   // like the identity field: SUCCESS, NONE or FAILED:reason
  std::string_view spiffe_id;
  std::string_view trust_domain;  // from the SPIFFE ID
  std::string_view cn;
  std::string_view spki_sha256;
  std::string subject;                    // pattern::CanonicalName, joined
  std::string issuer;                     // in the same form
  std::vector<std::string_view> uri_san;  // only those without control characters
  std::vector<std::string> dns_san;       // in lower case
  // Each name in pattern::CanonicalMailbox's form, followed by the pattern for its host.
  std::vector<std::string> email_san;
  std::vector<std::string> upn_san;
  const std::vector<std::string>* ip_san = nullptr;
  const std::vector<std::string>* ou = nullptr;
  const std::vector<std::string>* organization_identifier = nullptr;
  std::string_view sni;

  ClientFacts() = default;
  explicit ClientFacts(const identity::PeerIdentity& peer);
};

}  // namespace mantlet::policy

#endif  // MANTLET_PROXY_POLICY_CLIENT_FACTS_H_
