#include "proxy/verify/path_fault.h"

#include <openssl/x509v3.h>

#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "proxy/base/text.h"
#include "proxy/x509/key_usages.h"
#include "proxy/x509/public_key.h"

namespace mantlet::verify {
namespace {

using base::HandshakeFailure;
using Defect = PathCertificate::Defect;

bool IsCa(const PathCertificate& certificate, PathRole role) {
  if (certificate.is_ca()) return true;
  // Version 1 has no basic constraints. RFC 5280, 6.1.4 (k), leaves the decision to the relying
  // party, and an anchor was configured explicitly.
  return role == PathRole::kAnchor && certificate.version1() && certificate.self_issued();
}

std::string ExplainDefect(const PathCertificate& certificate) {
  switch (certificate.defect()) {
    case Defect::kMalformedExtension:
      return "one of its extensions is malformed";
    case Defect::kMalformedPolicies:
      return certificate.defect_detail();
    case Defect::kMalformedNameConstraints:
      return absl::StrCat("its name constraints cannot be applied: ", certificate.defect_detail());
    case Defect::kDuplicateExtension:
      return "it has a duplicate extension";
    case Defect::kExtensionsBeforeVersion3:
      return "it has extensions, but not version 3";
    case Defect::kUnknownCriticalExtension:
      return "it has an unknown critical extension";
    case Defect::kMalformedDates:
      return "its dates cannot be read";
    case Defect::kNone:
      break;
  }
  return "it is not valid";
}

std::string NamesOr(const std::vector<std::string>& names, const char* none) {
  return names.empty() ? none : absl::StrJoin(names, ", ");
}

std::string ExplainPurpose(const PathFinding& finding, const PathCertificate& certificate,
                           const PathRules& rules) {
  const bool client = (rules.extended_key_usage & XKU_SSL_CLIENT) != 0;
  const bool by_option = client && finding.depth == 0 && x509::IsServerAuthOnly(certificate.x509());
  return absl::StrCat("its extended key usage is ",
                      NamesOr(x509::ExtendedKeyUsageNames(certificate.x509()), "empty"), "; ",
                      client ? "clientAuth" : "serverAuth", " is required",
                      by_option ? " (client_auth.server_auth_clients accepts such clients)" : "");
}

std::string ExplainFault(const PathFinding& finding, const PathCertificate& certificate,
                         const PathRules& rules) {
  switch (finding.fault) {
    case PathFault::kDefect:
      return ExplainDefect(certificate);
    case PathFault::kNoName:
      return "it is used as a CA, but its subject is empty";
    case PathFault::kNotCa:
      return "it issued a certificate, but it is not a CA (see its basic constraints)";
    case PathFault::kMayNotSign:
      return absl::StrCat("its key usage (",
                          NamesOr(x509::KeyUsageNames(certificate.x509()), "empty"),
                          ") does not allow it to issue certificates; keyCertSign is required");
    case PathFault::kPurpose:
      return ExplainPurpose(finding, certificate, rules);
    case PathFault::kMayNotAuthenticate:
      return ExplainKeyUsage(certificate.x509());
    case PathFault::kWeakKey:
      return x509::DescribeKey(certificate.key()).weakness;
    case PathFault::kWeakSignature:
      return "its signature uses MD5 or SHA-1, which is not accepted";
    case PathFault::kPathLength:
      return absl::StrCat("it allows ", certificate.path_length(),
                          " further CAs below it, and there are more");
    case PathFault::kTooDeep:
      return "there are more certificates between the leaf and the trust anchor than max_depth "
             "allows";
    case PathFault::kPolicy:
      return "a certificate policy is required, and no policy is valid for the whole path";
    case PathFault::kNotYetValid:
      return absl::StrCat("it is not valid before ",
                          base::Rfc3339Seconds(certificate.not_before()));
    case PathFault::kExpired:
      return absl::StrCat("it expired at ", base::Rfc3339Seconds(certificate.not_after()));
    case PathFault::kNameConstraint:
    case PathFault::kCaNotPinned:
    case PathFault::kCrlMissing:
    case PathFault::kCrlExpired:
    case PathFault::kRevoked:
      break;
  }
  return "it is not valid here";
}

}  // namespace

std::optional<PathFault> FaultOf(const PathCertificate& certificate, PathRole role,
                                 const PathRules& rules) {
  if (certificate.defect() != Defect::kNone) return PathFault::kDefect;
  if (role == PathRole::kLeaf) {
    if (!certificate.Allows(rules.leaf_key_usage)) return PathFault::kMayNotAuthenticate;
  } else {
    if (certificate.has_empty_subject()) return PathFault::kNoName;
    if (!IsCa(certificate, role)) return PathFault::kNotCa;
    if (!certificate.Allows(KU_KEY_CERT_SIGN)) return PathFault::kMayNotSign;
  }
  const std::optional<uint32_t> usage = certificate.extended_key_usage();
  if (usage.has_value() && (*usage & rules.extended_key_usage) == 0) return PathFault::kPurpose;
  if (certificate.weak_key()) return PathFault::kWeakKey;
  if (role != PathRole::kAnchor && certificate.weak_signature()) return PathFault::kWeakSignature;
  if (rules.now < certificate.not_before()) return PathFault::kNotYetValid;
  if (rules.expired == Expired::kRefuse && rules.now > certificate.not_after()) {
    return PathFault::kExpired;
  }
  return std::nullopt;
}

HandshakeFailure FailureOf(const PathFinding& finding, const PathCertificate& certificate) {
  switch (finding.fault) {
    case PathFault::kDefect:
      return certificate.defect() == Defect::kMalformedNameConstraints
                 ? HandshakeFailure::kNameConstraint
                 : HandshakeFailure::kInvalidCertificate;
    case PathFault::kNoName:
    case PathFault::kPolicy:
      return HandshakeFailure::kInvalidCertificate;
    case PathFault::kNotCa:
    case PathFault::kMayNotSign:
    case PathFault::kPurpose:
    case PathFault::kMayNotAuthenticate:
      return HandshakeFailure::kWrongPurpose;
    case PathFault::kWeakKey:
    case PathFault::kWeakSignature:
      return HandshakeFailure::kWeakKey;
    case PathFault::kPathLength:
    case PathFault::kTooDeep:
      return HandshakeFailure::kPathTooLong;
    case PathFault::kNameConstraint:
      return HandshakeFailure::kNameConstraint;
    case PathFault::kCaNotPinned:
      return HandshakeFailure::kNotPinned;
    case PathFault::kNotYetValid:
      return HandshakeFailure::kNotYetValid;
    case PathFault::kExpired:
      return HandshakeFailure::kExpired;
    case PathFault::kCrlMissing:
      return HandshakeFailure::kCrlMissing;
    case PathFault::kCrlExpired:
      return HandshakeFailure::kCrlExpired;
    case PathFault::kRevoked:
      return HandshakeFailure::kRevoked;
  }
  return HandshakeFailure::kInvalidCertificate;
}

std::string ExplainKeyUsage(X509* leaf) {
  return absl::StrCat("its key usage (", NamesOr(x509::KeyUsageNames(leaf), "empty"),
                      ") does not allow signatures; digitalSignature is required");
}

std::string Explain(const PathFinding& finding, const PathCertificate& certificate,
                    const PathRules& rules) {
  return absl::StrCat(
      finding.depth == 0 ? "the certificate: " : "a CA certificate of the chain: ",
      finding.detail.empty() ? ExplainFault(finding, certificate, rules) : finding.detail);
}

}  // namespace mantlet::verify
