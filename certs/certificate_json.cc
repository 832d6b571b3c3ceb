#include "certs/certificate_json.h"

#include "proxy/base/text.h"

namespace mantlet::certs {

nlohmann::ordered_json CertificateToJson(const x509::Certificate& certificate) {
  nlohmann::ordered_json json = {{"subject", certificate.subject()},
                                 {"issuer", certificate.issuer()},
                                 {"cn", certificate.cn()},
                                 {"serial", certificate.serial()},
                                 {"not_before", base::Rfc3339Seconds(certificate.not_before())},
                                 {"not_after", base::Rfc3339Seconds(certificate.not_after())},
                                 {"san",
                                  {{"dns", certificate.san().dns},
                                   {"ip", certificate.san().ip},
                                   {"uri", certificate.san().uri},
                                   {"email", certificate.san().email},
                                   {"upn", certificate.san().upn}}},
                                 {"ca", certificate.is_ca()}};
  if (certificate.path_length() >= 0) json["path_length"] = certificate.path_length();
  json["self_signed"] = certificate.self_signed();
  json["server"] = certificate.for_server();
  json["client"] = certificate.for_client();
  json["key_usage"] = certificate.key_usage();
  json["extended_key_usage"] = certificate.extended_key_usage();
  json["key"] = certificate.public_key().text;
  json["signature_algorithm"] = certificate.signature_algorithm();
  json["fingerprint_sha256"] = certificate.fingerprint_sha256();
  json["fingerprint_sha1"] = certificate.fingerprint_sha1();
  json["spki_sha256"] = certificate.public_key().spki_sha256;
  return json;
}

}  // namespace mantlet::certs
