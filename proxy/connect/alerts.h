// What an alert of a TLS server (RFC 8446, section 6) tells a client. Pure.

#ifndef MANTLET_PROXY_CONNECT_ALERTS_H_
#define MANTLET_PROXY_CONNECT_ALERTS_H_

#include <cstdint>
#include <string>

#include "proxy/connect/report.h"

namespace mantlet::connect {

// What the client knows when the alert arrives.
struct AlertContext {
  bool asked = false;  // the server has asked for a certificate
  bool sent_certificate = false;
  std::string certificate;  // the subject of the certificate that was sent
  std::string issuer;       // its issuer
  std::string server_name;  // the name that the client asked for; may be empty
  std::string protocols;    // that it offered (ALPN)
};

// Returns e.g. "48 (unknown_ca)".
std::string AlertName(uint8_t alert);
Verdict ExplainAlert(uint8_t alert, const AlertContext& context);

}  // namespace mantlet::connect

#endif  // MANTLET_PROXY_CONNECT_ALERTS_H_
