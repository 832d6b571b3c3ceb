// DistributionPoint holds the names under which, and the reasons for which, a CA publishes
// revocation lists about a certificate (RFC 5280, 4.2.1.13). Pure; the bytes are a peer's and may
// be anything.

#ifndef MANTLET_PROXY_X509_DISTRIBUTION_POINT_H_
#define MANTLET_PROXY_X509_DISTRIBUTION_POINT_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

struct X509_name_st;  // X509_NAME
struct x509_st;       // X509

namespace mantlet::x509 {

// A set of reasons for a revocation: bit n is set for bit n of ReasonFlags. Bit 0 of
// those is unused.
using ReasonMask = uint16_t;
inline constexpr ReasonMask kAllReasons = 0x1fe;

struct DistributionPoint {
  // In a form in which equal names are equal bytes.
  std::vector<std::string> names;
  std::vector<std::string> texts;  // the same for operators
  ReasonMask reasons = kAllReasons;
};

// Reads a DistributionPointName into `point`. `der`: the CHOICE, without the tag of the
// field that holds it; `relative_to`: whose names a relative name continues. False if it
// is malformed or names nothing.
bool ReadDistributionPointName(std::string_view der, const X509_name_st* relative_to,
                               DistributionPoint* point);

// Reads the content octets of ReasonFlags. False if they are malformed.
bool ReadReasonFlags(std::string_view content, ReasonMask* reasons);

// The distribution points at which a list about the certificate may be found that was
// issued by the certificate's own issuer (RFC 5280, 6.3.3): those that the certificate
// names without a cRLIssuer, and one with the name of its issuer, which every certificate
// has. Points that cannot be parsed are none.
std::vector<DistributionPoint> DistributionPointsOf(const x509_st* certificate);

}  // namespace mantlet::x509

#endif  // MANTLET_PROXY_X509_DISTRIBUTION_POINT_H_
