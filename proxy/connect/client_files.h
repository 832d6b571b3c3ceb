// ClientFiles are the certificate, the key and the trust anchors with which `mantlet connect` plays
// a client. Blocking; any thread.

#ifndef MANTLET_PROXY_CONNECT_CLIENT_FILES_H_
#define MANTLET_PROXY_CONNECT_CLIENT_FILES_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "certs/file_reader.h"
#include "proxy/connect/report.h"
#include "proxy/x509/certificate.h"
#include "proxy/x509/private_key.h"

namespace mantlet::connect {

struct ClientFilePaths {
  std::string certificate;  // PEM or DER; the leaf first, then intermediates. May have the key, too
  std::string key;          // empty: in the file of the certificate
  std::string ca;           // empty: the CAs of the system
};

struct ClientFiles {
  std::vector<x509::CertificatePtr> chain;  // empty: the client has no certificate
  x509::PrivateKeyPtr key;
  std::vector<x509::CertificatePtr> anchors;
  std::string anchors_path;  // empty: there are none, and the server is not verified
};

// Returns an error if a file cannot be used, or if the key is not that of the certificate.
absl::StatusOr<ClientFiles> LoadClientFiles(const ClientFilePaths& paths,
                                            certs::FileReader& reader);

// Adds what a server may dislike about the certificate: dates and key usages.
void JudgeClientCertificate(const ClientFiles& files, int64_t now, Report& report);

}  // namespace mantlet::connect

#endif  // MANTLET_PROXY_CONNECT_CLIENT_FILES_H_
