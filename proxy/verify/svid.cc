#include "proxy/verify/svid.h"

#include <openssl/asn1.h>
#include <openssl/nid.h>
#include <openssl/obj.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "proxy/pattern/spiffe_id.h"
#include "proxy/x509/certificate_names.h"

namespace mantlet::verify {
namespace {

// Bits of the key usage (RFC 5280, 4.2.1.3).
constexpr int kDigitalSignature = 0;
constexpr int kKeyCertSign = 5;
constexpr int kCrlSign = 6;

constexpr int kAbsent = -1;  // instead of an extension's criticality

std::string CaViolation(const X509* leaf) {
  int critical = kAbsent;
  bssl::UniquePtr<BASIC_CONSTRAINTS> constraints(static_cast<BASIC_CONSTRAINTS*>(
      X509_get_ext_d2i(leaf, NID_basic_constraints, &critical, nullptr)));
  if (constraints == nullptr) {
    return critical == kAbsent ? "" : "its basic constraints cannot be read";
  }
  return constraints->ca ? "it is a CA certificate" : "";
}

std::string KeyUsageViolation(const X509* leaf) {
  int critical = kAbsent;
  bssl::UniquePtr<ASN1_BIT_STRING> usage(
      static_cast<ASN1_BIT_STRING*>(X509_get_ext_d2i(leaf, NID_key_usage, &critical, nullptr)));
  if (usage == nullptr) {
    return critical == kAbsent ? "it has no key usage" : "its key usage cannot be read";
  }
  if (critical != 1) return "its key usage is not marked critical";
  if (!ASN1_BIT_STRING_get_bit(usage.get(), kDigitalSignature)) {
    return "its key usage lacks digitalSignature";
  }
  if (ASN1_BIT_STRING_get_bit(usage.get(), kKeyCertSign)) return "its key usage has keyCertSign";
  if (ASN1_BIT_STRING_get_bit(usage.get(), kCrlSign)) return "its key usage has cRLSign";
  return "";
}

std::string ExtendedKeyUsageViolation(const X509* leaf) {
  int critical = kAbsent;
  bssl::UniquePtr<EXTENDED_KEY_USAGE> usages(static_cast<EXTENDED_KEY_USAGE*>(
      X509_get_ext_d2i(leaf, NID_ext_key_usage, &critical, nullptr)));
  if (usages == nullptr) {
    return critical == kAbsent ? "" : "its extended key usage cannot be read";
  }
  bool server = false, client = false;
  for (size_t i = 0; i < sk_ASN1_OBJECT_num(usages.get()); ++i) {
    const int usage = OBJ_obj2nid(sk_ASN1_OBJECT_value(usages.get(), i));
    server |= usage == NID_server_auth;
    client |= usage == NID_client_auth;
  }
  if (server && client) return "";
  return absl::StrCat("its extended key usage lacks ", server ? "clientAuth" : "serverAuth");
}

// Returns what is wrong with the URI names. Sets `svid->trust_domain` if the ID is well-formed.
std::string IdViolation(const x509::SubjectAltNames& names, LeafSvid* svid) {
  if (names.uri.size() != 1) {
    return absl::StrCat("it has ", names.uri.size(),
                        " URI names, but an SVID must have exactly one");
  }
  const absl::StatusOr<pattern::SpiffeId> id = pattern::ParseSpiffeId(names.uri[0]);
  if (!id.ok()) {
    return absl::StrCat("its SPIFFE ID is malformed: ", std::string(id.status().message()));
  }
  svid->trust_domain = std::string(id->trust_domain);
  return id->path.empty() ? "its SPIFFE ID has no path, so it does not identify a client" : "";
}

}  // namespace

LeafSvid ReadLeafSvid(X509* leaf) {
  LeafSvid svid;
  x509::SubjectAltNames names;
  if (!x509::ReadSubjectAltNames(leaf, &names)) {
    svid.claimed = true;
    svid.violation = "its subject alternative names cannot be read";
    return svid;
  }
  svid.claimed = std::any_of(names.uri.begin(), names.uri.end(), pattern::ClaimsToBeSpiffeId);
  svid.violation = IdViolation(names, &svid);
  for (auto* check : {CaViolation, KeyUsageViolation, ExtendedKeyUsageViolation}) {
    if (svid.violation.empty()) svid.violation = check(leaf);
  }
  return svid;
}

std::string SignerViolation(X509* ca, std::string_view trust_domain) {
  x509::SubjectAltNames names;
  if (!x509::ReadSubjectAltNames(ca, &names)) return "its subject alternative names cannot be read";
  for (std::string_view uri : names.uri) {
    if (!pattern::ClaimsToBeSpiffeId(uri)) continue;
    // The standard's own examples of CA IDs end with a slash.
    if (uri.ends_with('/')) uri.remove_suffix(1);
    const absl::StatusOr<pattern::SpiffeId> id = pattern::ParseSpiffeId(uri);
    if (!id.ok()) {
      return absl::StrCat("the CA's SPIFFE ID is malformed: ", std::string(id.status().message()));
    }
    if (!id->path.empty()) return "the CA's SPIFFE ID has a path, so it does not identify a CA";
    if (id->trust_domain != trust_domain) {
      return absl::StrCat("the CA has the SPIFFE ID of another trust domain, ",
                          std::string(id->trust_domain));
    }
  }
  return "";
}

}  // namespace mantlet::verify
