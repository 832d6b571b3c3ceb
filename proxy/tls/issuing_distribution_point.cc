#include "proxy/tls/issuing_distribution_point.h"

#include <openssl/bytestring.h>

#include "absl/status/status.h"
#include "proxy/tls/byte_view.h"

namespace mantlet::tls {
namespace {

// The numbers of its fields.
constexpr unsigned kName = 0;
constexpr unsigned kOnlyUsers = 1;
constexpr unsigned kOnlyCas = 2;
constexpr unsigned kOnlySomeReasons = 3;
constexpr unsigned kIndirect = 4;
constexpr unsigned kOnlyAttributes = 5;
constexpr unsigned kFields = 6;

absl::Status Refuse(const char* what) { return absl::InvalidArgumentError(what); }

}  // namespace

absl::StatusOr<RevocationList::Scope> ReadIssuingDistributionPoint(std::string_view der) {
  CBS value = AsCbs(der), point;
  if (!CBS_get_asn1(&value, &point, CBS_ASN1_SEQUENCE) || CBS_len(&value) != 0) {
    return Refuse("its issuing distribution point cannot be parsed");
  }
  bool fields[kFields] = {};
  while (CBS_len(&point) != 0) {
    CBS content;
    CBS_ASN1_TAG tag = 0;
    if (!CBS_get_any_asn1(&point, &content, &tag) ||
        (tag & CBS_ASN1_CLASS_MASK) != CBS_ASN1_CONTEXT_SPECIFIC ||
        (tag & CBS_ASN1_TAG_NUMBER_MASK) >= kFields) {
      return Refuse("its issuing distribution point cannot be parsed");
    }
    const unsigned field = tag & CBS_ASN1_TAG_NUMBER_MASK;
    const bool is_true = CBS_len(&content) == 1 && CBS_data(&content)[0] != 0;
    fields[field] = field == kName || field == kOnlySomeReasons || is_true;
  }
  if (fields[kName]) {
    return Refuse(
        "it is one of several partial lists (its issuing distribution point has a name), which is "
        "not supported; name the CA's full list");
  }
  if (fields[kOnlySomeReasons]) {
    return Refuse(
        "it covers some revocation reasons only, which is not supported; name the CA's full list");
  }
  if (fields[kIndirect]) {
    return Refuse(
        "it is an indirect list (for several issuers), which is not supported; name the list of "
        "each CA itself");
  }
  if (fields[kOnlyAttributes] || (fields[kOnlyUsers] && fields[kOnlyCas])) {
    return Refuse("it covers no public key certificates");
  }
  if (fields[kOnlyUsers]) return RevocationList::Scope::kUserCertificates;
  if (fields[kOnlyCas]) return RevocationList::Scope::kCaCertificates;
  return RevocationList::Scope::kAll;
}

}  // namespace mantlet::tls
