#include "proxy/x509/canonical_name.h"

#include <openssl/asn1.h>
#include <openssl/mem.h>
#include <openssl/obj.h>
#include <openssl/x509.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "absl/strings/ascii.h"
#include "proxy/x509/byte_view.h"

namespace mantlet::x509 {
namespace {

// Returns whether the library folds values of this type when it compares issuer and subject. It
// does not fold NumericString, although that is a character string.
bool IsFolded(int type) {
  switch (type) {
    case V_ASN1_UTF8STRING:
    case V_ASN1_PRINTABLESTRING:
    case V_ASN1_IA5STRING:
    case V_ASN1_VISIBLESTRING:
    case V_ASN1_T61STRING:
    case V_ASN1_BMPSTRING:
    case V_ASN1_UNIVERSALSTRING:
      return true;
    default:
      return false;
  }
}

// Folds text like the library: ASCII letters in lower case, no blanks at the ends, other runs of
// blanks as one space.
std::string Fold(std::string_view text) {
  std::string folded;
  folded.reserve(text.size());
  bool blank = false;
  for (char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (absl::ascii_isspace(byte)) {
      blank = !folded.empty();
      continue;
    }
    if (blank) folded += ' ';
    blank = false;
    folded += absl::ascii_tolower(byte);
  }
  return folded;
}

// Appends "number:bytes", so that different lists of fields give different texts.
void AppendField(std::string_view bytes, std::string* out) {
  *out += std::to_string(bytes.size());
  *out += ':';
  *out += bytes;
}

std::string CanonicalEntry(const X509_NAME_ENTRY* entry) {
  const ASN1_OBJECT* type = X509_NAME_ENTRY_get_object(entry);
  const ASN1_STRING* value = X509_NAME_ENTRY_get_data(entry);
  std::string canonical;
  AppendField(View(type), &canonical);
  uint8_t* utf8 = nullptr;
  int size = -1;
  if (IsFolded(ASN1_STRING_type(value))) size = ASN1_STRING_to_UTF8(&utf8, value);
  if (size >= 0) {
    canonical += 's';
    AppendField(Fold(View(utf8, static_cast<size_t>(size))), &canonical);
    OPENSSL_free(utf8);
  } else {
    AppendField(std::to_string(ASN1_STRING_type(value)), &canonical);
    AppendField(View(value), &canonical);
  }
  return canonical;
}

}  // namespace

CanonicalName Canonicalize(const X509_NAME* name) {
  CanonicalName canonical;
  std::vector<std::string> together;  // the entries of one relative distinguished name
  const int count = X509_NAME_entry_count(name);
  for (int i = 0; i < count; ++i) {
    const X509_NAME_ENTRY* entry = X509_NAME_get_entry(name, i);
    together.push_back(CanonicalEntry(entry));
    const bool last = i + 1 == count || X509_NAME_ENTRY_set(X509_NAME_get_entry(name, i + 1)) !=
                                            X509_NAME_ENTRY_set(entry);
    if (!last) continue;
    std::sort(together.begin(), together.end());
    canonical.emplace_back();
    for (const std::string& one : together) AppendField(one, &canonical.back());
    together.clear();
  }
  return canonical;
}

bool SameName(const X509_NAME* a, const X509_NAME* b) { return X509_NAME_cmp(a, b) == 0; }

}  // namespace mantlet::x509
