// OcspResponse is an OCSP response to staple (RFC 6960; RFC 6066, section 8). Validate() checks
// that it is about our certificate, has the status "good" and was signed by an authorized
// responder, and returns until when it is valid. A value; pure.

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

  // Answer is the status of one certificate.
  struct Answer {
    int hash = 0;  // NID of the digest algorithm of the two hashes
    std::string issuer_name_hash, issuer_key_hash;
    std::string serial;  // lower-case hex, as Certificate::serial()
    Status status = Status::kUnknown;
    int64_t this_update = 0;  // seconds since the epoch
    int64_t next_update = 0;  // 0: newer information is always available
  };

  // ValidAnswer is a status that may be stapled.
  struct ValidAnswer {
    Answer answer;
    // The signer: the issuer, or a responder authorized by the issuer. Null if the issuer is not
    // known, so that the signature could not be checked.
    CertificatePtr signer;
  };

  // `der` must be exactly one successful basic response. A response with another status, such as
  // tryLater, is an error.
  static absl::StatusOr<OcspResponse> Parse(std::string_view der);

  // Checks that the status of `leaf` is good. The leaf's issuer is searched for in `authorities`.
  // `now` is used only for the validity of a responder's certificate, not for the dates of the
  // response.
  absl::StatusOr<ValidAnswer> Validate(const Certificate& leaf,
                                       const std::vector<CertificatePtr>& authorities,
                                       int64_t now) const;

  const std::vector<Answer>& answers() const { return answers_; }

 private:
  friend class OcspResponseParser;

  // Returns null if the signer is neither the issuer nor a responder that the issuer has
  // authorized.
  CertificatePtr FindSigner(const CertificatePtr& issuer, int64_t now) const;
  bool SignedBy(const Certificate& certificate) const;

  std::vector<Answer> answers_;
  SignatureScheme scheme_;
  std::string signed_bytes_;  // their digest, or the bytes themselves with Ed25519
  std::string signature_;
  std::vector<CertificatePtr> certificates_;  // included in the response
};

}  // namespace mantlet::x509

#endif  // MANTLET_PROXY_X509_OCSP_RESPONSE_H_
