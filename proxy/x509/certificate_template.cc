#include "proxy/x509/certificate_template.h"

#include <utility>

namespace mantlet::x509 {
namespace {

CertificateTemplate Start(std::string cn, int64_t not_before, int64_t not_after) {
  CertificateTemplate what;
  what.subject = {{"CN", std::move(cn)}};
  what.not_before = not_before;
  what.not_after = not_after;
  return what;
}

}  // namespace

CertificateTemplate CertificateTemplate::Ca(std::string cn, int64_t not_before, int64_t not_after) {
  CertificateTemplate what = Start(std::move(cn), not_before, not_after);
  what.ca = true;
  return what;
}

CertificateTemplate CertificateTemplate::Server(std::string cn, std::vector<std::string> dns,
                                                int64_t not_before, int64_t not_after) {
  CertificateTemplate what = Start(std::move(cn), not_before, not_after);
  what.san.dns = std::move(dns);
  what.extended_key_usage = {"serverAuth"};
  return what;
}

CertificateTemplate CertificateTemplate::Client(std::string cn, int64_t not_before,
                                                int64_t not_after) {
  CertificateTemplate what = Start(std::move(cn), not_before, not_after);
  what.extended_key_usage = {"clientAuth"};
  return what;
}

}  // namespace mantlet::x509
