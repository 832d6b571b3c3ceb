// What the operator learns of a handshake that failed: one value that becomes
// the metric's label and the log record.

#ifndef MANTLET_PROXY_TLS_HANDSHAKE_REPORT_H_
#define MANTLET_PROXY_TLS_HANDSHAKE_REPORT_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "proxy/base/handshake_failure.h"
#include "proxy/tls/chain_verifier.h"

namespace mantlet::tls {

struct HandshakeReport {
  base::HandshakeFailure reason = base::HandshakeFailure::kOther;
  std::string detail;  // a sentence; never sent to the peer
  std::string sni;     // empty if none was sent, or the ClientHello never came
  // "TLSv1.3"; empty before one was negotiated; with kProtocolVersion, where none
  // was, the newest that the client offered.
  std::string version;
  // Meaningful if certificate.ok() is false: the certificate at fault.
  VerifyResult certificate;
};

// The label for an error of the library's queue (ERR_get_error). `hello_seen`
// tells whether the peer ever spoke TLS.
base::HandshakeFailure ClassifyHandshakeError(uint32_t error, bool hello_seen);
// The alert among `records` (as they arrived, from the start of a record) that was
// sent unencrypted. A TLS 1.3 client that has not sent its second flight yet may
// do that when it refuses our certificate; the library takes it for a record that
// cannot be decrypted.
std::optional<uint8_t> FindPlaintextAlert(std::string_view records);

}  // namespace mantlet::tls

#endif  // MANTLET_PROXY_TLS_HANDSHAKE_REPORT_H_
