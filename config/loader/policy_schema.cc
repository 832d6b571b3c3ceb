#include "config/loader/policy_schema.h"

#include <string>
#include <vector>

#include "config/enum_names.h"
#include "config/loader/policy_types.h"

namespace mantlet::config {
namespace {

constexpr char kMatchKeys[] = "match";

// Describes a condition: one value or a list of values, one of which must match.
void Condition(Section& s, const char* name, const char* reason, std::vector<std::string>& values,
               const ValueType<std::string>& type) {
  s.Values({.name = name, .reason = reason, .one_or_more = true}, values, type);
}

void DescribeMatch(Section& s, Match& v) {
  s.RecordLocation(v.where);
  Condition(s, "spiffe_id", "the client's SPIFFE ID", v.spiffe_id, SpiffeIdPattern());
  Condition(s, "trust_domain", "the trust domain of the client's SPIFFE ID", v.trust_domain,
            TrustDomain());
  Condition(s, "uri_san", "any of the certificate's URI names", v.uri_san, UriPattern());
  Condition(s, "dns_san", "any of the certificate's DNS names", v.dns_san,
            DnsNamePattern("client.example.org"));
  Condition(s, "email_san", "any of the certificate's e-mail addresses", v.email_san,
            Mailbox("e-mail address, `*@host` allowed", "alice@example.org"));
  Condition(s, "ip_san", "any of the certificate's IP addresses", v.ip_san, IpAddress());
  Condition(s, "upn_san", "any of the certificate's user principal names", v.upn_san,
            Mailbox("user principal name, `*@host` allowed", "alice@corp.example.org"));
  Condition(s, "cn", "the certificate's common name; letter case counts", v.cn, Text("alice"));
  Condition(s, "ou", "any of the certificate's organizational units; letter case counts", v.ou,
            Text("Operations"));
  Condition(s, "organization_identifier",
            "any of the certificate's organization identifiers (2.5.4.97); letter case counts",
            v.organization_identifier, Text("PSDDE-BAFIN-123456"));
  Condition(s, "subject", "the certificate's subject, in any notation", v.subject,
            DistinguishedName());
  Condition(s, "issuer", "the certificate's issuer, in any notation", v.issuer,
            DistinguishedName());
  Condition(s, "spki_sha256", "digest of the certificate's public key", v.spki_sha256, SpkiPin());
  s.Value({"client_cert", "whether the client has a verified certificate"}, v.client_cert,
          EnumValue(kCertificatePresenceNames));
  Condition(s, "verify",
            "the result of verifying the client's certificate: `SUCCESS`, `NONE` (no certificate), "
            "`FAILED` or `FAILED:reason` (`client_auth.mode: request`)",
            v.verify, Verification());
  Condition(s, "sni", "the server name of the handshake", v.sni, DnsNamePattern("api.example.org"));
  Condition(s, "method", "the request's method; letter case counts", v.method, Method());
  Condition(s, "path",
            "the request's path, decoded and normalized, without query: `/a` matches only itself, "
            "`/a/**` all paths below too, `/a/*/b` one segment",
            v.path, PathPattern());
  s.Objects({.name = "any",
             .reason = "at least one of them must hold",
             .one_or_more = true,
             .keys_of = kMatchKeys},
            v.any, DescribeMatch);
  s.Objects({.name = "all",
             .reason = "each of them must hold",
             .one_or_more = true,
             .keys_of = kMatchKeys},
            v.all, DescribeMatch);
  s.Optional({.name = "not",
              .reason = "must not hold; for a client without such a name, `not` holds",
              .keys_of = kMatchKeys},
             v.not_, DescribeMatch);
}

void DescribeRule(Section& s, Rule& v) {
  s.RecordLocation(v.where);
  s.Value({"name", "label in metrics and logs; unique, and not `default`", true}, v.name,
          Name("admins"));
  s.Value({"action",
           "`require_client_cert` denies a client without a verified certificate and lets the "
           "next rules decide about the others",
           true},
          v.action, EnumValue(kRuleActionNames));
  s.Object({kMatchKeys,
            "the requests that the rule decides: every condition must hold; without conditions, "
            "all requests"},
           v.match, DescribeMatch);
}

}  // namespace

void DescribePolicy(Section& s, Policy& v) {
  static constexpr EnumName<bool> kNames[] = {{"allow", true}, {"deny", false}};
  s.Value({"default",
           "decision for a request that no rule matches; `allow` accepts every client that "
           "`client_auth` accepts, `deny` answers 403"},
          v.default_allow, EnumValue(kNames));
  s.Objects({"rules", "evaluated in this order; the first rule that matches decides"}, v.rules,
            DescribeRule);
}

}  // namespace mantlet::config
