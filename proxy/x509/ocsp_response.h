// OcspResponse is an OCSP response to staple (RFC 6960; RFC 6066, section 8). Validate() checks
// that it is about our certificate, reports "good" and was signed by an authorized responder, and
// returns until when it is valid. A value; pure.

#ifndef MANTLET_PROXY_X509_OCSP_RESPONSE_H_
#define MANTLET_PROXY_X509_OCSP_RESPONSE_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "proxy/x509/certificate.h"
#include "proxy/x509/signature_scheme.h"

namespace mantlet::x509 {

class OcspResponse {
 public:
  enum class Status { kGood, kRevoked, kUnknown };

  // The status of one certificate.
  struct Answer {
    int hash = 0;  // NID of the digest of the next two
    std::string issuer_name_hash, issuer_key_hash;
    std::string serial;  // lower-case hex, as Certificate::serial()
    Status status = Status::kUnknown;
    int64_t this_update = 0;  // seconds since the epoch
    int64_t next_update = 0;  // 0: newer information is always available
  };

  // Somebody for whom the response may be stapled.
  struct ValidAnswer {
    Answer answer;
    // Who signed it: the issuer, or a responder that the issuer has named; null: the
    // issuer is not known, so the signature could not be checked.
    CertificatePtr signer;
  };

  // All of `der` is one successful basic response; a response with the status "try later"
  // and the like is an error, too.
  static absl::StatusOr<OcspResponse> Parse(std::string_view der);

  // Validates that the status of `leaf` is good. `authorities` are certificates among which the
  // leaf's issuer may be found. `now` is only asked
  // about a responder's certificate, never about the answer's own dates.
  absl::StatusOr<ValidAnswer> Validate(const Certificate& leaf,
                                       const std::vector<CertificatePtr>& authorities,
                                       int64_t now) const;

  const std::vector<Answer>& answers() const { return answers_; }

 private:
  friend class OcspResponseParser;

  // Null if it is neither the issuer nor a responder that the issuer has authorized.
  CertificatePtr FindSigner(const CertificatePtr& issuer, int64_t now) const;
  bool SignedBy(const Certificate& certificate) const;

  std::vector<Answer> answers_;
  SignatureScheme scheme_;
  std::string signed_bytes_;  // their digest, or with Ed25519 themselves
  std::string signature_;
  std::vector<CertificatePtr> certificates_;  // that came along
};

}  // namespace mantlet::x509

#endif  // MANTLET_PROXY_X509_OCSP_RESPONSE_H_
