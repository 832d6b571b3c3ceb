#include "proxy/tls/verify_result.h"

#include <openssl/x509.h>

#include <utility>

#include "proxy/tls/certificate_names.h"
#include "proxy/tls/x509_facts.h"

namespace mantlet::tls {

VerifyResult Refusal(base::HandshakeFailure failure, const X509* at_fault, int depth,
                     std::string detail) {
  VerifyResult result;
  result.failure = failure;
  result.depth = depth;
  result.detail = std::move(detail);
  if (at_fault == nullptr) return result;
  result.subject = RenderName(X509_get_subject_name(at_fault), ControlBytes::kEscape);
  result.issuer = RenderName(X509_get_issuer_name(at_fault), ControlBytes::kEscape);
  result.serial = SerialHex(at_fault);
  int64_t not_before = 0;
  ReadValidity(at_fault, &not_before, &result.not_after);
  return result;
}

}  // namespace mantlet::tls
