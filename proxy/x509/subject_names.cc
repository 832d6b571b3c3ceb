#include "proxy/x509/subject_names.h"

#include <openssl/asn1.h>
#include <openssl/bytestring.h>
#include <openssl/mem.h>
#include <openssl/nid.h>
#include <openssl/x509.h>

#include <cstddef>
#include <cstdint>
#include <utility>

#include "proxy/x509/byte_view.h"
#include "proxy/x509/name_forms.h"

namespace mantlet::x509 {
namespace {

bool IsConstructed(NameForm form) {
  return form == NameForm::kOther || form == NameForm::kX400 || form == NameForm::kDirectory ||
         form == NameForm::kEdiParty;
}

bool AddDirectory(std::string_view der, SubjectNames* names) {
  const auto* in = Data(der);
  const uint8_t* end = in + der.size();
  bssl::UniquePtr<X509_NAME> name(d2i_X509_NAME(nullptr, &in, static_cast<long>(der.size())));
  if (name == nullptr || in != end) return false;
  names->directories.push_back(Canonicalize(name.get()));
  return true;
}

bool AddAlternativeNames(const X509* certificate, SubjectNames* names) {
  const int index = X509_get_ext_by_NID(certificate, NID_subject_alt_name, -1);
  if (index < 0) return true;
  return ReadGeneralNames(View(X509_EXTENSION_get_data(X509_get_ext(certificate, index))), names);
}

// Reads every value of one attribute of the subject as UTF-8.
bool ReadAttribute(const X509_NAME* subject, int nid, std::vector<std::string>* values) {
  int index = -1;
  while ((index = X509_NAME_get_index_by_NID(subject, nid, index)) >= 0) {
    uint8_t* utf8 = nullptr;
    const int size =
        ASN1_STRING_to_UTF8(&utf8, X509_NAME_ENTRY_get_data(X509_NAME_get_entry(subject, index)));
    if (size < 0) return false;
    values->emplace_back(View(utf8, static_cast<size_t>(size)));
    OPENSSL_free(utf8);
  }
  return true;
}

}  // namespace

std::optional<GeneralName> TakeGeneralName(std::string_view* der) {
  CBS cbs = AsCbs(*der);
  CBS content;
  CBS_ASN1_TAG tag;
  if (!CBS_get_any_asn1(&cbs, &content, &tag)) return std::nullopt;
  const CBS_ASN1_TAG number = tag & CBS_ASN1_TAG_NUMBER_MASK;
  if ((tag & CBS_ASN1_CLASS_MASK) != CBS_ASN1_CONTEXT_SPECIFIC || number >= kNameForms) {
    return std::nullopt;
  }
  const GeneralName name{static_cast<NameForm>(number), View(content)};
  if (((tag & CBS_ASN1_CONSTRUCTED) != 0) != IsConstructed(name.form)) return std::nullopt;
  *der = View(cbs);
  return name;
}

bool ReadGeneralNames(std::string_view der, SubjectNames* names) {
  CBS cbs = AsCbs(der), sequence;
  if (!CBS_get_asn1(&cbs, &sequence, CBS_ASN1_SEQUENCE) || CBS_len(&cbs) != 0) return false;
  std::string_view rest = View(sequence);
  while (!rest.empty()) {
    const std::optional<GeneralName> name = TakeGeneralName(&rest);
    if (!name.has_value()) return false;
    if (name->form != NameForm::kDirectory) {
      names->general.push_back(*name);
    } else if (!AddDirectory(name->value, names)) {
      return false;
    }
  }
  return true;
}

SubjectNames ReadSubjectNames(const X509* certificate, bool leaf) {
  SubjectNames names;
  const X509_NAME* subject = X509_get_subject_name(certificate);
  if (X509_NAME_entry_count(subject) > 0) names.directories.push_back(Canonicalize(subject));
  std::vector<std::string> mails, common_names;
  names.malformed = !AddAlternativeNames(certificate, &names) ||
                    !ReadAttribute(subject, NID_pkcs9_emailAddress, &mails);
  bool any_dns = false;
  for (const GeneralName& name : names.general) any_dns |= name.form == NameForm::kDns;
  if (leaf && !any_dns && ReadAttribute(subject, NID_commonName, &common_names)) {
    // Readers also take "*.example.com" and "example.com." for host names.
    std::erase_if(common_names, [](std::string_view name) {
      if (name.starts_with("*.")) name.remove_prefix(2);
      if (name.ends_with('.')) name.remove_suffix(1);
      return name.find('.') == std::string_view::npos || !IsHostName(name);
    });
  } else {
    common_names.clear();
  }
  const size_t mail_count = mails.size();
  names.texts = std::move(mails);
  names.texts.insert(names.texts.end(), common_names.begin(), common_names.end());
  for (size_t i = 0; i < names.texts.size(); ++i) {
    names.general.push_back(
        {i < mail_count ? NameForm::kMail : NameForm::kDns, std::string_view(names.texts[i])});
  }
  return names;
}

}  // namespace mantlet::x509
