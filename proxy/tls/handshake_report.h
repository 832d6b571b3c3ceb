// HandshakeReport describes a failed handshake to the operator. One value supplies the label of the
// metric and the log record.

#ifndef MANTLET_PROXY_TLS_HANDSHAKE_REPORT_H_
#define MANTLET_PROXY_TLS_HANDSHAKE_REPORT_H_

#include <string>

#include "proxy/base/handshake_failure.h"
#include "proxy/verify/verify_result.h"

namespace mantlet::tls {

struct HandshakeReport {
  base::HandshakeFailure reason = base::HandshakeFailure::kOther;
  std::string detail;  // a sentence; never sent to the peer
  std::string sni;     // empty if none was sent or no ClientHello arrived
  // E.g. "TLSv1.3"; empty before a version was negotiated. With kProtocolVersion it is the newest
  // version that the client offered.
  std::string version;
  // The certificate at fault, if certificate.ok() is false.
  verify::VerifyResult certificate;
};

}  // namespace mantlet::tls

#endif  // MANTLET_PROXY_TLS_HANDSHAKE_REPORT_H_
