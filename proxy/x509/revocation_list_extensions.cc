#include "proxy/x509/revocation_list_extensions.h"

#include <openssl/bytestring.h>
#include <openssl/mem.h>
#include <openssl/nid.h>
#include <openssl/obj.h>

#include <cstdint>
#include <set>
#include <utility>

#include "absl/strings/str_cat.h"
#include "proxy/x509/byte_view.h"
#include "proxy/x509/hex.h"
#include "proxy/x509/serial_set.h"

namespace mantlet::x509 {
namespace {

constexpr uint8_t kRemoveFromCrl = 8;  // RFC 5280, 5.3.1

absl::Status Reject(const std::string& what) { return absl::InvalidArgumentError(what); }

struct Extension {
  int nid = NID_undef;
  CBS oid;
  bool critical = false;
  CBS value;  // the content of the OCTET STRING
};

// Reads one Extension; `seen` holds the OIDs of the previous ones.
bool TakeExtension(CBS* in, std::set<std::string>* seen, Extension* extension) {
  CBS sequence;
  int critical = 0;
  if (!CBS_get_asn1(in, &sequence, CBS_ASN1_SEQUENCE) ||
      !CBS_get_asn1(&sequence, &extension->oid, CBS_ASN1_OBJECT)) {
    return false;
  }
  if (CBS_peek_asn1_tag(&sequence, CBS_ASN1_BOOLEAN) && !CBS_get_asn1_bool(&sequence, &critical)) {
    return false;
  }
  if (!CBS_get_asn1(&sequence, &extension->value, CBS_ASN1_OCTETSTRING) ||
      CBS_len(&sequence) != 0) {
    return false;
  }
  extension->critical = critical != 0;
  extension->nid = OBJ_cbs2nid(&extension->oid);
  return seen == nullptr || seen->emplace(View(extension->oid)).second;
}

std::string Dotted(const CBS& oid) {
  bssl::UniquePtr<char> text(CBS_asn1_oid_to_text(&oid));
  return text == nullptr ? "unknown" : text.get();
}

// Reads the CRL number (RFC 5280, 5.2.3).
absl::Status TakeNumber(const Extension& extension, std::string* hex) {
  CBS value = extension.value, number;
  if (!CBS_get_asn1(&value, &number, CBS_ASN1_INTEGER) || CBS_len(&value) != 0 ||
      !CBS_is_unsigned_asn1_integer(&number) || CBS_len(&number) > SerialSet::kMaxBytes) {
    return Reject("its CRL number cannot be parsed");
  }
  if (extension.critical) {
    return Reject("its CRL number is critical, which RFC 5280, 5.2.3, does not allow");
  }
  if (CBS_len(&number) > 1 && CBS_data(&number)[0] == 0) (void)CBS_skip(&number, 1);
  *hex = Hex(View(number));
  return absl::OkStatus();
}

absl::Status Honour(const Extension& extension, const X509_NAME* issuer,
                    RevocationListExtensions* read) {
  switch (extension.nid) {
    case NID_crl_number:
      return TakeNumber(extension, &read->number);
    case NID_delta_crl:
      return Reject("it is a delta list, which is not supported; name the full list");
    case NID_issuing_distribution_point: {
      absl::StatusOr<IssuingDistributionPoint> point =
          ReadIssuingDistributionPoint(View(extension.value), issuer);
      if (!point.ok()) return point.status();
      read->point = *std::move(point);
      return absl::OkStatus();
    }
    case NID_authority_key_identifier:
      return absl::OkStatus();  // the signature shows the issuer
    default:
      if (!extension.critical) return absl::OkStatus();
      return Reject(absl::StrCat("it has an unknown critical extension (", Dotted(extension.oid),
                                 "), so it must not be used"));
  }
}

}  // namespace

absl::StatusOr<RevocationListExtensions> ReadListExtensions(std::string_view der,
                                                            const X509_NAME* issuer) {
  CBS extensions = AsCbs(der);
  RevocationListExtensions read;
  std::set<std::string> seen;
  while (CBS_len(&extensions) != 0) {
    Extension extension;
    if (!TakeExtension(&extensions, &seen, &extension)) {
      return Reject("its extensions cannot be parsed, or one is a duplicate");
    }
    if (absl::Status status = Honour(extension, issuer, &read); !status.ok()) return status;
  }
  return read;
}

absl::Status CheckEntryExtensions(std::string_view der) {
  CBS extensions = AsCbs(der);
  while (CBS_len(&extensions) != 0) {
    Extension extension;
    if (!TakeExtension(&extensions, nullptr, &extension)) {
      return Reject("the extensions of one of its entries cannot be parsed");
    }
    if (extension.nid == NID_certificate_issuer) {
      return Reject(
          "it is an indirect list (its entries name other issuers), which is not supported; name "
          "the list of each CA separately");
    }
    if (extension.nid == NID_crl_reason) {
      CBS reason;
      if (!CBS_get_asn1(&extension.value, &reason, CBS_ASN1_ENUMERATED) || CBS_len(&reason) != 1 ||
          CBS_len(&extension.value) != 0) {
        return Reject("the reason code of one of its entries cannot be parsed");
      }
      if (CBS_data(&reason)[0] == kRemoveFromCrl) {
        return Reject(
            "an entry has the reason removeFromCRL, which only a delta list may have (RFC 5280, "
            "5.3.1)");
      }
      continue;
    }
    if (extension.critical && extension.nid != NID_invalidity_date) {
      return Reject(absl::StrCat("an entry has a critical extension that is not known here (",
                                 Dotted(extension.oid), "), so the list must not be used"));
    }
  }
  return absl::OkStatus();
}

}  // namespace mantlet::x509
