// ClientFacts holds what a policy compares of a client, taken from its identity once per
// connection.

#ifndef MANTLET_PROXY_POLICY_CLIENT_FACTS_H_
#define MANTLET_PROXY_POLICY_CLIENT_FACTS_H_

#include <string>
#include <string_view>
#include <vector>

#include "proxy/identity/peer_identity.h"

namespace mantlet::policy {

// Has views into the identity, which outlives it. Everything of a certificate is empty
// unless the certificate was verified.
struct ClientFacts {
  bool has_certificate = false;  // a verified one
  std::string verify = "NONE";   // as the identity field: SUCCESS, NONE or FAILED:reason
  std::string_view spiffe_id;
  std::string_view trust_domain;  // of the SPIFFE ID
  std::string_view cn;
  std::string_view spki_sha256;
  std::string subject;                    // in pattern::CanonicalName's form, joined
  std::string issuer;                     // the same
  std::vector<std::string_view> uri_san;  // those without control characters
  std::vector<std::string> dns_san;       // in lower case
  // Each name in pattern::CanonicalMailbox's form, and behind it the pattern for its host.
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
