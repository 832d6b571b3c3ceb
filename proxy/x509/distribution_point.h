// DistributionPoint holds the names under which, and the reasons for which, a CA publishes
// revocation lists about a certificate (RFC 5280, 4.2.1.13). Pure; the bytes come from a peer and
// may be malformed.

#ifndef MANTLET_PROXY_X509_DISTRIBUTION_POINT_H_
#define MANTLET_PROXY_X509_DISTRIBUTION_POINT_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

struct X509_name_st;  // X509_NAME
struct x509_st;       // X509

namespace mantlet::x509 {

// ReasonMask is a set of reasons for a revocation: bit n stands for bit n of ReasonFlags. Bit 0 is
// unused.
using ReasonMask = uint16_t;
inline constexpr ReasonMask kAllReasons = 0x1fe;

struct DistributionPoint {
  // The names in a form in which equal names have equal bytes.
  std::vector<std::string> names;
  std::vector<std::string> texts;  // the names for operators
  ReasonMask reasons = kAllReasons;
};

// Reads a DistributionPointName into `point`. `der` is the CHOICE without the tag of the field that
// contains it. A relative name continues the name `relative_to`. Returns false if it is malformed
// or contains no name.
bool ReadDistributionPointName(std::string_view der, const X509_name_st* relative_to,
                               DistributionPoint* point);

// Reads the content octets of ReasonFlags. Returns false if they are malformed.
bool ReadReasonFlags(std::string_view content, ReasonMask* reasons);

// Returns the distribution points for lists about the certificate that its own issuer has issued
// (RFC 5280, 6.3.3): those in the certificate without a cRLIssuer, and one with the name of its
// issuer, which every certificate has. Points that cannot be parsed are skipped.
std::vector<DistributionPoint> DistributionPointsOf(const x509_st* certificate);

}  // namespace mantlet::x509

#endif  // MANTLET_PROXY_X509_DISTRIBUTION_POINT_H_
