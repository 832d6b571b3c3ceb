// CertificateTemplate describes a certificate to be issued: its names, dates and extensions.

#ifndef MANTLET_PROXY_X509_CERTIFICATE_TEMPLATE_H_
#define MANTLET_PROXY_X509_CERTIFICATE_TEMPLATE_H_

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "proxy/x509/certificate_names.h"

namespace mantlet::x509 {

struct CertificateTemplate {
  // Short attribute names ("CN", "O", "OU", "C") and values, the least specific first. The bytes
  // are written unchecked as UTF8String, so that tests can issue invalid certificates.
  std::vector<std::pair<std::string, std::string>> subject;
  SubjectAltNames san;  // ip as text; `other` is ignored
  int64_t not_before = 0;
  int64_t not_after = 0;
  bool ca = false;
  int path_length = -1;                         // -1: no limit; only with ca
  bool basic_constraints = true;                // false: no such extension
  std::vector<std::string> key_usage;           // RFC 5280 names; empty: the usual ones for `ca`
  bool no_key_usage = false;                    // true: no such extension
  std::vector<std::string> extended_key_usage;  // "serverAuth", "clientAuth", or dotted
  enum class Digest { kSha256, kSha384, kSha1 };
  Digest digest = Digest::kSha256;  // ignored with an Ed25519 issuer
  struct RawExtension {
    std::string oid;  // dotted
    bool critical = false;
    std::string der;
  };
  std::vector<RawExtension> raw_extensions;
  bool no_authority_key_id = false;  // true: no such extension
  std::string serial_hex;            // empty: 16 random bytes
  bool version1 = false;             // without extensions
  // Write the issuer's name as PrintableString, even if its certificate uses another type.
  bool printable_issuer = false;

  // Return templates for the most common certificates.
  static CertificateTemplate Ca(std::string cn, int64_t not_before, int64_t not_after);
  static CertificateTemplate Server(std::string cn, std::vector<std::string> dns,
                                    int64_t not_before, int64_t not_after);
  static CertificateTemplate Client(std::string cn, int64_t not_before, int64_t not_after);
};

}  // namespace mantlet::x509

#endif  // MANTLET_PROXY_X509_CERTIFICATE_TEMPLATE_H_
