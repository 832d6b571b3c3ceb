// Diagnose returns the reason of a failed handshake, from the errors of the library and the
// bytes of the client; AlertFor returns what the client is sent (RFC 8446 section 6.2). Pure.

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

// What is known when the library fails for a reason of its own.
struct HandshakeEvidence {
  // Of the library's queue (ERR_peek_error, ERR_peek_last_error); 0: it is empty.
  uint32_t first_error = 0;
  uint32_t last_error = 0;
  // What the library was given and could not go on with, from the start of a record.
  std::string_view arrived;
  bool hello_seen = false;  // the client has spoken TLS
  // The server name it asked for, if strict_sni is on and no certificate has it.
  std::optional<std::string> unserved_name;
  std::string newest_version;  // that the client offers, as text; empty: none that has a name
  // The protocols that the client offered (ALPN), if none of them is spoken here.
  std::vector<std::string> protocols;
  // What a client was asked for (ServerContext::DescribeCertificateRequest()).
  std::function<std::string()> certificate_request;
  // The first certificate of its Certificate message, as DER; empty: there was none.
  std::string_view leaf_der;
};

struct HandshakeDiagnosis {
  base::HandshakeFailure reason = base::HandshakeFailure::kOther;
  std::string detail;  // a sentence for the operator
  // Where a certificate is at fault: a rejection that names it; else a valid result.
  verify::VerifyResult certificate;
};

HandshakeDiagnosis Diagnose(const HandshakeEvidence& evidence);

// Returns the alert for a client whose chain was rejected.
uint8_t AlertFor(base::HandshakeFailure failure);

}  // namespace mantlet::tls

#endif  // MANTLET_PROXY_TLS_HANDSHAKE_DIAGNOSIS_H_
