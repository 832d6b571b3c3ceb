#include "proxy/x509/issuing_distribution_point.h"

#include <openssl/bytestring.h>

#include "absl/status/status.h"
#include "proxy/x509/byte_view.h"

namespace mantlet::x509 {
namespace {

// The tags of its fields.
constexpr unsigned kName = 0;
constexpr unsigned kOnlyUsers = 1;
constexpr unsigned kOnlyCas = 2;
constexpr unsigned kOnlySomeReasons = 3;
constexpr unsigned kIndirect = 4;
constexpr unsigned kOnlyAttributes = 5;
constexpr unsigned kFields = 6;

absl::Status Reject(const char* what) { return absl::InvalidArgumentError(what); }

absl::Status Damaged() { return Reject("its issuing distribution point cannot be parsed"); }

// Reads the fields; DER requires each at most once and in the order of their tags.
absl::Status ReadFields(CBS in, const X509_name_st* issuer, bool flags[kFields],
                        DistributionPoint* point) {
  int last = -1;
  while (CBS_len(&in) != 0) {
    CBS content;
    CBS_ASN1_TAG tag = 0;
    if (!CBS_get_any_asn1(&in, &content, &tag)) return Damaged();
    const unsigned field = tag & CBS_ASN1_TAG_NUMBER_MASK;
    const bool constructed = (tag & CBS_ASN1_CONSTRUCTED) != 0;
    if ((tag & CBS_ASN1_CLASS_MASK) != CBS_ASN1_CONTEXT_SPECIFIC || field >= kFields ||
        static_cast<int>(field) <= last || constructed != (field == kName)) {
      return Damaged();
    }
    last = static_cast<int>(field);
    if (field == kName) {
      if (!ReadDistributionPointName(View(content), issuer, point)) return Damaged();
    } else if (field == kOnlySomeReasons) {
      if (!ReadReasonFlags(View(content), &point->reasons)) return Damaged();
    } else {
      if (CBS_len(&content) != 1) return Damaged();
      flags[field] = CBS_data(&content)[0] != 0;
    }
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<IssuingDistributionPoint> ReadIssuingDistributionPoint(std::string_view der,
                                                                      const X509_name_st* issuer) {
  using Scope = IssuingDistributionPoint::Scope;
  CBS value = AsCbs(der), fields;
  if (!CBS_get_asn1(&value, &fields, CBS_ASN1_SEQUENCE) || CBS_len(&value) != 0) return Damaged();
  IssuingDistributionPoint read;
  bool flags[kFields] = {};
  if (absl::Status status = ReadFields(fields, issuer, flags, &read.point); !status.ok()) {
    return status;
  }
  if (flags[kIndirect]) {
    return Reject(
        "it is an indirect list (for several issuers), which is not supported; name the list of "
        "each CA separately");
  }
  if (flags[kOnlyAttributes] || (flags[kOnlyUsers] && flags[kOnlyCas])) {
    return Reject("it covers only attribute certificates");
  }
  if (read.point.reasons == 0) return Reject("it covers no reason for a revocation");
  if (flags[kOnlyUsers]) read.scope = Scope::kUserCertificates;
  if (flags[kOnlyCas]) read.scope = Scope::kCaCertificates;
  return read;
}

}  // namespace mantlet::x509
