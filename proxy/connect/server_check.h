// CheckServer judges the certificates that a server has sent, as a strict client does: the dates,
// the path to a trust anchor (RFC 5280) and the name (RFC 6125). Pure.

#ifndef MANTLET_PROXY_CONNECT_SERVER_CHECK_H_
#define MANTLET_PROXY_CONNECT_SERVER_CHECK_H_

#include <cstdint>
#include <string>
#include <vector>

#include "proxy/connect/client_files.h"
#include "proxy/connect/report.h"
#include "proxy/x509/certificate.h"

namespace mantlet::connect {

// `name` is the host name or address that the certificate has to be for. `now` is in seconds since
// the epoch.
void CheckServer(const std::vector<x509::CertificatePtr>& chain, const ClientFiles& files,
                 const std::string& name, int64_t now, Report& report);

}  // namespace mantlet::connect

#endif  // MANTLET_PROXY_CONNECT_SERVER_CHECK_H_
