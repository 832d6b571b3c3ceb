// TakeTime and TakeGeneralizedTime read a time from the front of DER bytes. Both return false, and
// leave `in` and `seconds` unspecified, if there is no valid time.

#ifndef MANTLET_PROXY_X509_DER_TIME_H_
#define MANTLET_PROXY_X509_DER_TIME_H_

#include <openssl/bytestring.h>
#include <openssl/time.h>

#include <cstdint>
#include <ctime>

namespace mantlet::x509 {

// `seconds` is since the epoch.
inline bool TakeGeneralizedTime(CBS* in, int64_t* seconds) {
  CBS content;
  std::tm tm = {};
  return CBS_get_asn1(in, &content, CBS_ASN1_GENERALIZEDTIME) &&
         CBS_parse_generalized_time(&content, &tm, 0) && OPENSSL_tm_to_posix(&tm, seconds);
}

// Reads a UTCTime or a GeneralizedTime (RFC 5280, 4.1.2.5).
inline bool TakeTime(CBS* in, int64_t* seconds) {
  CBS content;
  std::tm tm = {};
  if (!CBS_peek_asn1_tag(in, CBS_ASN1_UTCTIME)) return TakeGeneralizedTime(in, seconds);
  return CBS_get_asn1(in, &content, CBS_ASN1_UTCTIME) && CBS_parse_utc_time(&content, &tm, 0) &&
         OPENSSL_tm_to_posix(&tm, seconds);
}

}  // namespace mantlet::x509

#endif  // MANTLET_PROXY_X509_DER_TIME_H_
