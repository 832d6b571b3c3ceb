// HandshakeReport describes a failed handshake to the operator: one value that becomes the
// metric's label and the log record.

#ifndef MANTLET_PROXY_TLS_HANDSHAKE_REPORT_H_
#define MANTLET_PROXY_TLS_HANDSHAKE_REPORT_H_

#include <string>

#include "proxy/base/handshake_failure.h"
#include "proxy/verify/verify_result.h"

namespace mantlet::tls {

struct HandshakeReport {
  base::HandshakeFailure reason = base::HandshakeFailure::kOther;
  std::string detail;  // a sentence; never sent to the peer
  std::string sni;     // empty if none was sent, or the ClientHello never came
  // "TLSv1.3"; empty before one was negotiated; with kProtocolVersion, where none
  // was, the newest that the client offered.
  std::string version;
  // Meaningful if certificate.ok() is false: the certificate at fault.
  verify::VerifyResult certificate;
};

}  // namespace mantlet::tls

#endif  // MANTLET_PROXY_TLS_HANDSHAKE_REPORT_H_
