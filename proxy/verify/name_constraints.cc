#include "proxy/verify/name_constraints.h"

#include <openssl/bytestring.h>
#include <openssl/x509.h>

#include <algorithm>
#include <cstddef>

#include "absl/status/status.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "proxy/x509/byte_view.h"
#include "proxy/x509/name_forms.h"

namespace mantlet::verify {
namespace {

constexpr CBS_ASN1_TAG kTag0 = CBS_ASN1_CONTEXT_SPECIFIC | CBS_ASN1_CONSTRUCTED | 0;
constexpr CBS_ASN1_TAG kTag1 = CBS_ASN1_CONTEXT_SPECIFIC | CBS_ASN1_CONSTRUCTED | 1;

constexpr std::string_view kFormNames[x509::kNameForms] = {
    "other name", "mail address", "DNS name",   "X.400 address", "directory name",
    "EDI party",  "URI",          "IP address", "registered ID"};

std::string FormName(x509::NameForm form) {
  return std::string(kFormNames[static_cast<size_t>(form)]);
}

// Returns a name for the log: text with escaped control and non-ASCII bytes; addresses as hex.
std::string Show(const x509::GeneralName& name) {
  if (name.form == x509::NameForm::kAddress) return absl::BytesToHexString(std::string(name.value));
  return absl::StrCat("\"", absl::CHexEscape(std::string(name.value.substr(0, 256))), "\"");
}

bool IsConstraint(x509::NameForm form, std::string_view base) {
  switch (form) {
    case x509::NameForm::kDns:
    case x509::NameForm::kUri:
      return x509::IsHostConstraint(base);
    case x509::NameForm::kMail:
      return x509::IsMailConstraint(base);
    case x509::NameForm::kAddress:
      return x509::IsAddressConstraint(base);
    default:
      return true;
  }
}

x509::Within NameWithin(const x509::GeneralName& name, std::string_view base) {
  switch (name.form) {
    case x509::NameForm::kDns:
      return x509::DnsNameWithin(name.value, base);
    case x509::NameForm::kUri:
      return x509::UriWithin(name.value, base);
    case x509::NameForm::kMail:
      return x509::MailboxWithin(name.value, base);
    case x509::NameForm::kAddress:
      return x509::AddressWithin(name.value, base);
    default:
      return x509::Within::kUnclear;
  }
}

bool BeginsWith(const x509::CanonicalName& name, const x509::CanonicalName& base) {
  return base.size() <= name.size() && std::equal(base.begin(), base.end(), name.begin());
}

std::string TooMany() { return "there are too many names and name constraints to compare"; }

}  // namespace

absl::Status NameConstraints::ParseSubtrees(std::string_view der, Subtrees* subtrees) {
  CBS list = x509::AsCbs(der);
  if (CBS_len(&list) == 0) return absl::InvalidArgumentError("an empty list of subtrees");
  while (CBS_len(&list) > 0) {
    CBS subtree;
    if (!CBS_get_asn1(&list, &subtree, CBS_ASN1_SEQUENCE)) {
      return absl::InvalidArgumentError("a subtree that cannot be parsed");
    }
    std::string_view rest = x509::View(subtree);
    const std::optional<x509::GeneralName> base = x509::TakeGeneralName(&rest);
    if (!base.has_value()) return absl::InvalidArgumentError("a name that cannot be parsed");
    // minimum must be 0, which DER omits, and maximum must be absent.
    if (!rest.empty()) return absl::InvalidArgumentError("a minimum or maximum distance");
    if (!IsConstraint(base->form, base->value)) {
      return absl::InvalidArgumentError(absl::StrCat(
          "the constraint ", Show(*base), ", which is not valid for a ", FormName(base->form)));
    }
    subtrees->bases[static_cast<size_t>(base->form)].emplace_back(base->value);
    if (base->form != x509::NameForm::kDirectory) continue;
    const auto* in = x509::Data(base->value);
    const uint8_t* end = in + base->value.size();
    bssl::UniquePtr<X509_NAME> name(d2i_X509_NAME(nullptr, &in, end - in));
    if (name == nullptr || in != end) {
      return absl::InvalidArgumentError("a directory name that cannot be parsed");
    }
    subtrees->directories.push_back(x509::Canonicalize(name.get()));
  }
  return absl::OkStatus();
}

absl::StatusOr<NameConstraints> NameConstraints::Parse(std::string_view der) {
  CBS cbs = x509::AsCbs(der), sequence, permitted, excluded;
  int has_permitted = 0, has_excluded = 0;
  if (!CBS_get_asn1(&cbs, &sequence, CBS_ASN1_SEQUENCE) || CBS_len(&cbs) != 0 ||
      !CBS_get_optional_asn1(&sequence, &permitted, &has_permitted, kTag0) ||
      !CBS_get_optional_asn1(&sequence, &excluded, &has_excluded, kTag1) ||
      CBS_len(&sequence) != 0) {
    return absl::InvalidArgumentError("they cannot be parsed");
  }
  if (has_permitted == 0 && has_excluded == 0) return absl::InvalidArgumentError("they are empty");
  NameConstraints constraints;
  absl::Status status;
  if (has_permitted != 0) status = ParseSubtrees(x509::View(permitted), &constraints.permitted_);
  if (status.ok() && has_excluded != 0) {
    status = ParseSubtrees(x509::View(excluded), &constraints.excluded_);
  }
  if (!status.ok()) {
    return absl::InvalidArgumentError(absl::StrCat("they contain ", std::string(status.message())));
  }
  return constraints;
}

std::optional<std::string> NameConstraints::GeneralViolation(const x509::GeneralName& name,
                                                             int64_t* budget) const {
  const auto form = static_cast<size_t>(name.form);
  for (const std::string& base : excluded_.bases[form]) {
    if (--*budget < 0) return TooMany();
    if (NameWithin(name, base) != x509::Within::kOutside) {
      return absl::StrCat("the ", FormName(name.form), " ", Show(name), " is excluded, or may be");
    }
  }
  if (permitted_.bases[form].empty()) return std::nullopt;
  for (const std::string& base : permitted_.bases[form]) {
    if (--*budget < 0) return TooMany();
    if (NameWithin(name, base) == x509::Within::kInside) return std::nullopt;
  }
  return absl::StrCat("the ", FormName(name.form), " ", Show(name), " is not permitted");
}

std::optional<std::string> NameConstraints::DirectoryViolation(const x509::CanonicalName& name,
                                                               int64_t* budget) const {
  for (const x509::CanonicalName& base : excluded_.directories) {
    if (--*budget < 0) return TooMany();
    if (BeginsWith(name, base)) return "one of its directory names is excluded";
  }
  if (permitted_.directories.empty()) return std::nullopt;
  for (const x509::CanonicalName& base : permitted_.directories) {
    if (--*budget < 0) return TooMany();
    if (BeginsWith(name, base)) return std::nullopt;
  }
  return "one of its directory names is not permitted";
}

std::optional<std::string> NameConstraints::Violation(const x509::SubjectNames& names,
                                                      int64_t* budget) const {
  if (names.malformed) return "one of its names cannot be read";
  for (const x509::GeneralName& name : names.general) {
    if (auto violation = GeneralViolation(name, budget)) return violation;
  }
  for (const x509::CanonicalName& name : names.directories) {
    if (auto violation = DirectoryViolation(name, budget)) return violation;
  }
  return std::nullopt;
}

}  // namespace mantlet::verify
