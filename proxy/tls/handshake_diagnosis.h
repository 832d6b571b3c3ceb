// Diagnose returns the reason of a failed handshake from the errors of the library and the bytes of
// the client. AlertFor returns the alert for the client (RFC 8446 section 6.2). Pure.

#ifndef MANTLET_PROXY_TLS_HANDSHAKE_DIAGNOSIS_H_
#define MANTLET_PROXY_TLS_HANDSHAKE_DIAGNOSIS_H_

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "proxy/base/handshake_failure.h"
#include "proxy/verify/verify_result.h"

namespace mantlet::tls {

// HandshakeEvidence holds the known facts about a handshake that the library ended.
struct HandshakeEvidence {
  // From the library's error queue (ERR_peek_error, ERR_peek_last_error); 0 if it is empty.
  uint32_t first_error = 0;
  uint32_t last_error = 0;
  // The input that the library could not process, from the start of a record.
  std::string_view arrived;
  bool hello_seen = false;  // the client has sent a ClientHello
  // The requested server name, if strict_sni is on and no certificate has the name.
  std::optional<std::string> unserved_name;
  std::string newest_version;  // the newest that the client offers; empty: unknown
  // The protocols that the client offered (ALPN), if none of them is supported.
  std::vector<std::string> protocols;
  std::vector<std::string> supported_protocols;
  // Describes the CertificateRequest (ServerContext::DescribeCertificateRequest()).
  std::function<std::string()> certificate_request;
  // The first certificate of the client's Certificate message, as DER; empty if there was none.
  std::string_view leaf_der;
};

struct HandshakeDiagnosis {
  base::HandshakeFailure reason = base::HandshakeFailure::kOther;
  std::string detail;  // a sentence for the operator
  // If a certificate is at fault: a rejection that names it; otherwise a valid result.
  verify::VerifyResult certificate;
};

HandshakeDiagnosis Diagnose(const HandshakeEvidence& evidence);

// Returns the alert for a client whose chain was rejected.
uint8_t AlertFor(base::HandshakeFailure failure);

}  // namespace mantlet::tls

#endif  // MANTLET_PROXY_TLS_HANDSHAKE_DIAGNOSIS_H_
