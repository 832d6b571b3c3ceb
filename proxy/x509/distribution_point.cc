#include "proxy/x509/distribution_point.h"

#include <openssl/bytestring.h>
#include <openssl/mem.h>
#include <openssl/nid.h>
#include <openssl/x509.h>

#include <algorithm>
#include <optional>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "proxy/x509/byte_view.h"
#include "proxy/x509/canonical_name.h"
#include "proxy/x509/certificate_names.h"
#include "proxy/x509/der_writer.h"
#include "proxy/x509/hex.h"
#include "proxy/x509/subject_names.h"

namespace mantlet::x509 {
namespace {

constexpr CBS_ASN1_TAG kConstructed0 = CBS_ASN1_CONTEXT_SPECIFIC | CBS_ASN1_CONSTRUCTED | 0;
constexpr CBS_ASN1_TAG kConstructed1 = CBS_ASN1_CONTEXT_SPECIFIC | CBS_ASN1_CONSTRUCTED | 1;
constexpr CBS_ASN1_TAG kConstructed2 = CBS_ASN1_CONTEXT_SPECIFIC | CBS_ASN1_CONSTRUCTED | 2;
constexpr CBS_ASN1_TAG kPrimitive1 = CBS_ASN1_CONTEXT_SPECIFIC | 1;
constexpr unsigned char kSet = 0x31;

using UniqueName = bssl::UniquePtr<X509_NAME>;

UniqueName ParseName(std::string_view der) {
  const uint8_t* in = Data(der);
  const uint8_t* end = in + der.size();
  UniqueName name(d2i_X509_NAME(nullptr, &in, static_cast<long>(der.size())));
  return in == end ? std::move(name) : nullptr;
}

std::string Tagged(NameForm form, std::string_view content) {
  return absl::StrCat(static_cast<int>(form), ":", std::string(content));
}

void AddDirectoryName(const CanonicalName& canonical, std::string text, DistributionPoint* point) {
  std::string name;
  for (const std::string& element : canonical) {
    absl::StrAppend(&name, element.size(), ":", element);
  }
  point->names.push_back(Tagged(NameForm::kDirectory, name));
  point->texts.push_back(std::move(text));
}

// Converts scheme and host to lower case (RFC 5280, 7.4; RFC 3986, 6.2.2.1). Nothing else is
// changed, so that names that a server may distinguish stay different.
std::string NormalizeUri(std::string_view uri) {
  std::string normal(uri);
  const size_t scheme = uri.find("://");
  if (scheme == std::string_view::npos) return normal;
  const size_t host = scheme + 3;
  const size_t end = std::min(uri.find_first_of("/?#", host), uri.size());
  const size_t user = uri.substr(0, end).rfind('@');
  const size_t from = user != std::string_view::npos && user >= host ? user + 1 : host;
  for (size_t i = 0; i < end; ++i) {
    if (i < scheme || i >= from) {
      normal[i] = absl::ascii_tolower(static_cast<unsigned char>(normal[i]));
    }
  }
  return normal;
}

bool AddGeneralName(const GeneralName& name, DistributionPoint* point) {
  if (name.form == NameForm::kDirectory) {
    const UniqueName directory = ParseName(name.value);
    if (directory == nullptr) return false;
    AddDirectoryName(Canonicalize(directory.get()),
                     RenderName(directory.get(), ControlBytes::kEscape), point);
    return true;
  }
  const bool uri = name.form == NameForm::kUri;
  point->names.push_back(Tagged(name.form, uri ? NormalizeUri(name.value) : name.value));
  const bool text = uri && std::all_of(name.value.begin(), name.value.end(),
                                       [](unsigned char c) { return absl::ascii_isgraph(c); });
  point->texts.push_back(text ? std::string(name.value) : Hex(name.value));
  return true;
}

// Adds a nameRelativeToCRLIssuer: one more element after the issuer's name.
bool AddRelativeName(std::string_view attributes, const X509_NAME* relative_to,
                     DistributionPoint* point) {
  const UniqueName last = ParseName(der::Element(der::kSequence, der::Element(kSet, attributes)));
  if (last == nullptr || X509_NAME_entry_count(last.get()) == 0) return false;
  CanonicalName canonical = Canonicalize(relative_to);
  for (std::string& element : Canonicalize(last.get())) canonical.push_back(std::move(element));
  AddDirectoryName(canonical,
                   absl::StrCat(RenderName(last.get(), ControlBytes::kEscape), ",",
                                RenderName(relative_to, ControlBytes::kEscape)),
                   point);
  return true;
}

// Reads one DistributionPoint. Returns false if it is malformed.
bool ReadPoint(CBS* in, const X509_NAME* issuer, DistributionPoint* point, bool* other_issuer) {
  CBS sequence, name, reasons, crl_issuer;
  int has_name = 0, has_reasons = 0, has_issuer = 0;
  if (!CBS_get_asn1(in, &sequence, CBS_ASN1_SEQUENCE) ||
      !CBS_get_optional_asn1(&sequence, &name, &has_name, kConstructed0) ||
      !CBS_get_optional_asn1(&sequence, &reasons, &has_reasons, kPrimitive1) ||
      !CBS_get_optional_asn1(&sequence, &crl_issuer, &has_issuer, kConstructed2) ||
      CBS_len(&sequence) != 0) {
    return false;
  }
  *other_issuer = has_issuer != 0;
  if (*other_issuer) return true;
  return (!has_name || ReadDistributionPointName(View(name), issuer, point)) &&
         (!has_reasons || ReadReasonFlags(View(reasons), &point->reasons));
}

// Appends the points of the extension. Returns false if it is malformed.
bool ReadPoints(std::string_view der, const X509_NAME* issuer,
                std::vector<DistributionPoint>* points) {
  CBS in = AsCbs(der), list;
  if (!CBS_get_asn1(&in, &list, CBS_ASN1_SEQUENCE) || CBS_len(&in) != 0) return false;
  while (CBS_len(&list) != 0) {
    DistributionPoint point;
    bool other_issuer = false;
    if (!ReadPoint(&list, issuer, &point, &other_issuer)) return false;
    if (!other_issuer) points->push_back(std::move(point));
  }
  return true;
}

}  // namespace

bool ReadDistributionPointName(std::string_view der, const X509_NAME* relative_to,
                               DistributionPoint* point) {
  CBS in = AsCbs(der), content;
  CBS_ASN1_TAG tag = 0;
  if (!CBS_get_any_asn1(&in, &content, &tag) || CBS_len(&in) != 0) return false;
  if (tag == kConstructed1) return AddRelativeName(View(content), relative_to, point);
  if (tag != kConstructed0) return false;
  std::string_view rest = View(content);
  while (!rest.empty()) {
    const std::optional<GeneralName> name = TakeGeneralName(&rest);
    if (!name.has_value() || !AddGeneralName(*name, point)) return false;
  }
  return !point->names.empty();
}

bool ReadReasonFlags(std::string_view content, ReasonMask* reasons) {
  constexpr size_t kBits = 9;
  if (content.empty() || static_cast<uint8_t>(content[0]) > 7) return false;
  const std::string_view bytes = content.substr(1);
  *reasons = 0;
  for (size_t bit = 1; bit < kBits && bit / 8 < bytes.size(); ++bit) {
    const bool set = (static_cast<uint8_t>(bytes[bit / 8]) & (0x80 >> (bit % 8))) != 0;
    if (set) *reasons = static_cast<ReasonMask>(*reasons | 1 << bit);
  }
  return true;
}

std::vector<DistributionPoint> DistributionPointsOf(const X509* certificate) {
  const X509_NAME* issuer = X509_get_issuer_name(certificate);
  std::vector<DistributionPoint> points;
  const int index = X509_get_ext_by_NID(certificate, NID_crl_distribution_points, -1);
  if (index >= 0 && !ReadPoints(View(X509_EXTENSION_get_data(X509_get_ext(certificate, index))),
                                issuer, &points)) {
    points.clear();
  }
  points.emplace_back();
  AddDirectoryName(Canonicalize(issuer), RenderName(issuer, ControlBytes::kEscape), &points.back());
  return points;
}

}  // namespace mantlet::x509
