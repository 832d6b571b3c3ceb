#include "certs/policy_names_check.h"

#include <algorithm>
#include <string>

#include "config/diagnostic.h"
#include "proxy/pattern/dns_pattern.h"

namespace mantlet::certs {
namespace {

using pattern::DnsPattern;

// Returns whether a certificate with `name` covers a server name that `sni` matches.
bool Meets(const std::string& sni, const std::string& name) {
  if (DnsPattern::Fault(name).has_value()) return false;
  const DnsPattern asked(sni), served(name);
  return asked.Covers(served) || served.Covers(asked);
}

bool IsServed(const std::string& sni, const ListenerMaterial& material) {
  return std::any_of(material.certificates.begin(), material.certificates.end(),
                     [&](const ServerCertificate& certificate) {
                       return std::any_of(
                           certificate.names.begin(), certificate.names.end(),
                           [&](const std::string& name) { return Meets(sni, name); });
                     });
}

void CheckMatch(const config::Match& match, const config::Listener& listener,
                const ListenerMaterial& material, DiagnosticSink* sink) {
  for (const std::string& sni : match.sni) {
    if (IsServed(sni, material)) continue;
    const bool never = listener.tls.strict_sni;
    sink->Warning("policy_sni_not_served", config::ToString(match.where),
                  "sni '" + sni + "' is in no certificate of the listener" +
                      (never ? ", so no connection can use it"
                             : ", so no client that verifies names uses it"),
                  "add a certificate for it, or correct the name");
  }
  for (const auto* group : {&match.any, &match.all, &match.not_}) {
    for (const config::Match& inner : *group) CheckMatch(inner, listener, material, sink);
  }
}

}  // namespace

void CheckPolicyNames(const config::Listener& listener, const ListenerMaterial& material,
                      DiagnosticSink* sink) {
  for (const config::Rule& rule : listener.policy.rules) {
    CheckMatch(rule.match, listener, material, sink);
  }
}

}  // namespace mantlet::certs
