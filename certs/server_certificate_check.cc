#include "certs/server_certificate_check.h"

#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "certs/time_text.h"
#include "proxy/x509/leaf_key.h"

namespace mantlet::certs {
namespace {

using x509::Certificate;

void CheckDates(const Certificate& certificate, const std::string& file, int64_t now,
                DiagnosticSink* sink) {
  if (certificate.not_after() <= now) {
    sink->Error("expired", file,
                absl::StrCat("the certificate ", certificate.subject(), " expired ",
                             RelativeTime(certificate.not_after(), now), " (",
                             DateTime(certificate.not_after()), ")"),
                "renew it; clients reject it");
  } else if (certificate.not_before() > now) {
    sink->Error("not_yet_valid", file,
                absl::StrCat("the certificate ", certificate.subject(), " becomes valid ",
                             RelativeTime(certificate.not_before(), now), " (",
                             DateTime(certificate.not_before()), ")"),
                "check this machine's clock, or wait");
  } else if (EndsSoon(certificate, now)) {
    sink->Warning("expires_soon", file,
                  absl::StrCat("the certificate ", certificate.subject(), " expires ",
                               RelativeTime(certificate.not_after(), now), " (",
                               DateTime(certificate.not_after()), ")"),
                  "renew it");
  }
}

void CheckStrength(const Certificate& certificate, const std::string& file, DiagnosticSink* sink) {
  const std::string who = absl::StrCat("the certificate ", certificate.subject(), ": ");
  if (!certificate.public_key().weakness.empty()) {
    sink->Error("weak_key", file, absl::StrCat(who, certificate.public_key().weakness),
                "issue a new certificate with an ECDSA P-256 key");
  }
  if (certificate.weak_signature() && !certificate.self_signed()) {
    sink->Error("weak_signature", file,
                absl::StrCat(who, "it is signed with ", certificate.signature_algorithm(),
                             ", which clients reject"),
                "reissue it with SHA-256");
  }
}

// Returns whether the certificate forbids signatures although its key can do nothing else. Such a
// key signs each handshake, and the TLS library rejects the certificate.
bool MayNotSign(const Certificate& leaf) {
  const std::vector<std::string>& usage = leaf.key_usage();
  return leaf.public_key().kind != x509::KeyKind::kRsa && !usage.empty() &&
         std::find(usage.begin(), usage.end(), "digitalSignature") == usage.end();
}

void CheckLeaf(const Certificate& leaf, const std::string& file, DiagnosticSink* sink) {
  if (leaf.for_server() && MayNotSign(leaf)) {
    sink->Error(
        "no_server_purpose", file,
        absl::StrCat("the certificate ", leaf.subject(), ": its key usage (",
                     absl::StrJoin(leaf.key_usage(), ", "), ") does not allow signatures, and an ",
                     leaf.public_key().text, " key can do nothing else"),
        "reissue it with the key usage digitalSignature");
  }
  if (!leaf.for_server()) {
    sink->Error("no_server_purpose", file,
                absl::StrCat("the certificate ", leaf.subject(),
                             " may not be used by a server: its key usage or extended key usage "
                             "does not allow it"),
                "reissue it with the extended key usage serverAuth");
  }
  if (leaf.san().dns.empty() && leaf.san().ip.empty() && leaf.san().uri.empty()) {
    sink->Warning("san_missing", file,
                  absl::StrCat("the certificate ", leaf.subject(),
                               " has no subject alternative name, and clients ignore the "
                               "common name"),
                  "reissue it with the DNS names and addresses that clients use");
  }
  if (leaf.is_ca()) {
    sink->Warning("leaf_is_ca", file,
                  absl::StrCat("the server certificate ", leaf.subject(), " is a CA certificate"),
                  "serve a certificate issued by this CA; an attacker with this key could "
                  "issue certificates");
  }
}

void CheckIssuers(const ServerCertificate& server, DiagnosticSink* sink) {
  for (const x509::CertificatePtr& issuer : server.chain) {
    const bool old_root = issuer->version1() && issuer->self_signed();
    if (issuer == server.leaf || issuer->is_ca() || old_root) continue;
    const auto issued =
        std::find_if(server.chain.begin(), server.chain.end(),
                     [&](const x509::CertificatePtr& other) { return other->IssuedBy(*issuer); });
    if (issued == server.chain.end()) continue;
    sink->Error("issuer_not_ca", server.chain_file,
                absl::StrCat("the certificate ", issuer->subject(), " issued ",
                             (*issued)->subject(), " but is not a CA certificate"),
                "let a CA issue the server certificate");
  }
}

// Returns the last certificate of the path that starts with the leaf. Other paths may follow it,
// for other clients.
const Certificate& EndOfPath(const ServerCertificate& server) {
  size_t i = 0;
  while (i + 1 < server.chain.size() && server.chain[i]->IssuedBy(*server.chain[i + 1])) ++i;
  return *server.chain[i];
}

void CheckEnd(const ServerCertificate& server, const std::vector<TrustAnchor>& anchors,
              DiagnosticSink* sink) {
  for (const x509::CertificatePtr& certificate : server.chain) {
    if (certificate == server.leaf || !certificate->self_signed()) continue;
    sink->Note("root_in_chain", server.chain_file,
               absl::StrCat("the chain includes its root ", certificate->subject(),
                            "; clients already have it"),
               "leave the root out");
  }
  const Certificate& last = EndOfPath(server);
  if (last.self_signed()) return;
  auto is_issuer = [&](const TrustAnchor& anchor) { return last.IssuedBy(*anchor.certificate); };
  auto issuer = std::find_if(anchors.begin(), anchors.end(), is_issuer);
  if (issuer != anchors.end() && issuer->certificate->self_signed()) return;
  if (issuer != anchors.end()) {
    sink->Warning(
        "missing_intermediate", server.chain_file,
        absl::StrCat("the chain ends with ", last.subject(), ", issued by the intermediate ",
                     last.issuer(), ", which the file lacks"),
        absl::StrCat("append that intermediate; it is in ", issuer->file));
  } else if (server.chain.size() == 1) {
    sink->Warning(
        "missing_intermediate", server.chain_file,
        absl::StrCat("the file contains only the server certificate; if its issuer ", last.issuer(),
                     " is an intermediate, clients cannot build the chain"),
        "append the intermediate, unless the issuer is a root that clients trust");
  }
}

}  // namespace

bool EndsSoon(const Certificate& certificate, int64_t now) {
  const int64_t lifetime = certificate.not_after() - certificate.not_before();
  return certificate.not_after() - now < std::min(kExpiryWarningSeconds, lifetime / 3);
}

void CheckServerCertificate(const ServerCertificate& server,
                            const std::vector<TrustAnchor>& anchors, int64_t now,
                            DiagnosticSink* sink) {
  for (const x509::CertificatePtr& certificate : server.chain) {
    CheckDates(*certificate, server.chain_file, now, sink);
    CheckStrength(*certificate, server.chain_file, sink);
  }
  CheckLeaf(*server.leaf, server.chain_file, sink);
  CheckIssuers(server, sink);
  CheckEnd(server, anchors, sink);
}

void CheckDuplicateKeyTypes(const std::vector<ServerCertificate>& servers, DiagnosticSink* sink) {
  std::map<std::pair<std::string, x509::LeafKey>, const ServerCertificate*> first;
  for (const ServerCertificate& server : servers) {
    const x509::PublicKey& key = server.key->public_key();
    const std::set<std::string> names(server.names.begin(), server.names.end());
    for (const std::string& name : names) {
      auto [known, is_first] = first.try_emplace({name, x509::LeafKeyOf(key)}, &server);
      if (is_first) continue;
      sink->Warning("shadowed", server.chain_file,
                    absl::StrCat("the name ", name,
                                 " has another certificate with a key of the "
                                 "same kind (",
                                 key.text, ") in ", known->second->chain_file,
                                 ", which comes first; this one is never used for it"),
                    "keep one of the two, or give them keys of different kinds");
      break;  // one name is enough for the pair
    }
  }
}

}  // namespace mantlet::certs
