#include "proxy/tls/crl.h"

#include <openssl/asn1.h>
#include <openssl/obj.h>
#include <openssl/x509.h>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "proxy/tls/certificate_names.h"
#include "proxy/tls/openssl_errors.h"

namespace mantlet::tls {

absl::StatusOr<CrlSummary> SummarizeCrl(std::string_view der) {
  ClearErrors();
  const uint8_t* in = reinterpret_cast<const uint8_t*>(der.data());
  const uint8_t* end = in + der.size();
  bssl::UniquePtr<X509_CRL> crl(d2i_X509_CRL(nullptr, &in, static_cast<long>(der.size())));
  if (crl == nullptr) {
    return absl::InvalidArgumentError(
        absl::StrCat("it is no certificate revocation list (", TakeErrors(), ")"));
  }
  if (in != end) return absl::InvalidArgumentError("bytes follow the end of the list");
  CrlSummary summary;
  summary.issuer = RenderName(X509_CRL_get_issuer(crl.get()), ControlBytes::kEscape);
  const ASN1_TIME* next_update = X509_CRL_get0_nextUpdate(crl.get());
  if (!ASN1_TIME_to_posix(X509_CRL_get0_lastUpdate(crl.get()), &summary.this_update) ||
      (next_update != nullptr && !ASN1_TIME_to_posix(next_update, &summary.next_update))) {
    ClearErrors();
    return absl::InvalidArgumentError("the list's dates cannot be parsed");
  }
  const auto* revoked = X509_CRL_get_REVOKED(crl.get());
  if (revoked != nullptr) summary.revoked = sk_X509_REVOKED_num(revoked);
  const char* algorithm = OBJ_nid2ln(X509_CRL_get_signature_nid(crl.get()));
  summary.signature_algorithm = algorithm == nullptr ? "unknown" : algorithm;
  ClearErrors();
  return summary;
}

}  // namespace mantlet::tls
