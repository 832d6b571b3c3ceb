// SubjectNames holds all names of one certificate that a name constraint of an issuer can apply to
// (RFC 5280, 4.2.1.10). It has views into the certificate, which must outlive it.

#ifndef MANTLET_PROXY_X509_SUBJECT_NAMES_H_
#define MANTLET_PROXY_X509_SUBJECT_NAMES_H_

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "proxy/x509/canonical_name.h"

struct x509_st;

namespace mantlet::x509 {

// NameForm is a choice of GeneralName (RFC 5280, 4.2.1.6), by its tag number.
enum class NameForm {
  kOther,
  kMail,
  kDns,
  kX400,
  kDirectory,
  kEdiParty,
  kUri,
  kAddress,
  kRegisteredId,
};
inline constexpr int kNameForms = 9;

// GeneralName is one element of GeneralNames: its form and its content. For kDirectory that is a
// Name's DER.
struct GeneralName {
  NameForm form = NameForm::kOther;
  std::string_view value;
};

// Reads one GeneralName from the front of `der`; returns nullopt if there is none.
std::optional<GeneralName> TakeGeneralName(std::string_view* der);

struct SubjectNames {
  std::vector<GeneralName> general;        // all except directory names
  std::vector<CanonicalName> directories;  // the subject first, unless it is empty
  // Storage for views that do not point into the certificate.
  std::vector<std::string> texts;
  // A name cannot be read, so no constraint can be applied to the certificate.
  bool malformed = false;
};

// Adds the names of a subjectAltName's value. Returns false if it cannot be read.
bool ReadGeneralNames(std::string_view der, SubjectNames* names);

// Includes mail addresses in the subject (RFC 5280) and, for a leaf without dNSNames, common names
// that look like host names, because applications use them as such.
SubjectNames ReadSubjectNames(const x509_st* certificate, bool leaf);

}  // namespace mantlet::x509

#endif  // MANTLET_PROXY_X509_SUBJECT_NAMES_H_
