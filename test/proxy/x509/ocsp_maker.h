// Makes OCSP responses for tests, including invalid ones.

#ifndef MANTLET_TEST_PROXY_X509_OCSP_MAKER_H_
#define MANTLET_TEST_PROXY_X509_OCSP_MAKER_H_

#include <cstdint>
#include <string>

#include "proxy/x509/issuer.h"

namespace mantlet::x509 {

struct OcspTemplate {
  int code = 0;                        // successful
  std::string status = {"\x80\0", 2};  // [0] good; see RFC 6960, 4.2.1
  int64_t this_update = 0;
  int64_t next_update = 0;                // 0: none
  const Credential* responder = nullptr;  // signs; null: the issuer
  bool with_certificate = false;          // include the responder's
  std::string serial;                     // empty: the leaf's
  bool leafs_encoding = false;            // of the issuer's name; else its own certificate's

  // Returns a valid response, from an hour before kNow to a day after it.
  static OcspTemplate Good();
};

std::string MakeOcsp(const OcspTemplate& what, const Certificate& leaf, const Credential& issuer);

}  // namespace mantlet::x509

#endif  // MANTLET_TEST_PROXY_X509_OCSP_MAKER_H_
