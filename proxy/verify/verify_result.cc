#include "proxy/verify/verify_result.h"

#include <openssl/x509.h>

#include <utility>

#include "proxy/x509/certificate_names.h"
#include "proxy/x509/x509_facts.h"

namespace mantlet::verify {
namespace {

// Limits the size of log records: each rejection writes one, and the issuer of the certificate
// chose its texts.
constexpr size_t kMostDetailBytes = 2048, kMostSerialBytes = 128;

}  // namespace

VerifyResult Refusal(base::HandshakeFailure failure, const X509* at_fault, int depth,
                     std::string detail) {
  VerifyResult result;
  result.failure = failure;
  result.depth = depth;
  result.detail = x509::Shortened(std::move(detail), kMostDetailBytes);
  if (at_fault == nullptr) return result;
  result.subject = x509::NameForRecord(X509_get_subject_name(at_fault));
  result.issuer = x509::NameForRecord(X509_get_issuer_name(at_fault));
  result.serial = x509::Shortened(x509::SerialHex(at_fault), kMostSerialBytes);
  int64_t not_before = 0;
  x509::ReadValidity(at_fault, &not_before, &result.not_after);
  return result;
}

}  // namespace mantlet::verify
