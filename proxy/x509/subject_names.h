// SubjectNames holds every name of one certificate that a name constraint of an issuer can apply
// to (RFC 5280, 4.2.1.10). It borrows from the certificate that it was read from.

#ifndef MANTLET_PROXY_X509_SUBJECT_NAMES_H_
#define MANTLET_PROXY_X509_SUBJECT_NAMES_H_

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "proxy/x509/canonical_name.h"

struct x509_st;

namespace mantlet::x509 {

// The choices of GeneralName (RFC 5280, 4.2.1.6), by their tag numbers.
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

// One element of GeneralNames: its form and its content, a Name's DER for kDirectory.
struct GeneralName {
  NameForm form = NameForm::kOther;
  std::string_view value;
};

// Takes one GeneralName from the front of `der`; none if there is none.
std::optional<GeneralName> TakeGeneralName(std::string_view* der);

struct SubjectNames {
  std::vector<GeneralName> general;        // all but directory names
  std::vector<CanonicalName> directories;  // the subject first, unless it is empty
  // What the views above point at, if it is not in the certificate itself.
  std::vector<std::string> texts;
  // Some name cannot be read; no constraint can be applied to such a certificate.
  bool malformed = false;
};

// Adds the names of a subjectAltName's value. False if it cannot be read.
bool ReadGeneralNames(std::string_view der, SubjectNames* names);

// Mail addresses in the subject count as names, as RFC 5280 wants. So does, in a
// leaf without dNSNames, a common name that reads like a host's: applications take
// it for one.
SubjectNames ReadSubjectNames(const x509_st* certificate, bool leaf);

}  // namespace mantlet::x509

#endif  // MANTLET_PROXY_X509_SUBJECT_NAMES_H_
