#include "proxy/x509/certificate_names.h"

#include <arpa/inet.h>
#include <openssl/asn1.h>
#include <openssl/mem.h>
#include <openssl/nid.h>
#include <openssl/obj.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string_view>
#include <utility>

#include "absl/strings/str_cat.h"
#include "proxy/pattern/attribute_type.h"
#include "proxy/x509/byte_view.h"
#include "proxy/x509/hex.h"
#include "proxy/x509/openssl_errors.h"

namespace mantlet::x509 {
namespace {

bool IsAscii(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return (c & 0x80) == 0; });
}

bool IsCharacterString(int type) {
  switch (type) {
    case V_ASN1_UTF8STRING:
    case V_ASN1_PRINTABLESTRING:
    case V_ASN1_T61STRING:
    case V_ASN1_IA5STRING:
    case V_ASN1_VISIBLESTRING:
    case V_ASN1_NUMERICSTRING:
    case V_ASN1_BMPSTRING:
    case V_ASN1_UNIVERSALSTRING:
      return true;
    default:
      return false;
  }
}

// Returns whether a string type may hold only ASCII. The library would read other bytes as Latin-1,
// other readers as UTF-8, so they are rejected. (T61String is read as Latin-1, as all readers do.)
bool MustBeAscii(int type) {
  return type == V_ASN1_PRINTABLESTRING || type == V_ASN1_IA5STRING ||
         type == V_ASN1_VISIBLESTRING || type == V_ASN1_NUMERICSTRING;
}

// Converts a value to UTF-8. Returns false if it is no character string or not valid in its
// encoding.
bool ToUtf8(const ASN1_STRING* value, std::string* text) {
  const int type = ASN1_STRING_type(value);
  if (!IsCharacterString(type)) return false;
  if (MustBeAscii(type) && !IsAscii(View(value))) return false;
  unsigned char* utf8 = nullptr;
  int length = ASN1_STRING_to_UTF8(&utf8, value);
  if (length < 0) {
    ClearErrors();
    return false;
  }
  text->assign(View(utf8, static_cast<size_t>(length)));
  OPENSSL_free(utf8);
  return true;
}

// Returns the whole DER of a value as #hex (RFC 2253, 2.4).
std::string DerHex(const ASN1_STRING* value) {
  bssl::UniquePtr<ASN1_TYPE> any(ASN1_TYPE_new());
  if (any == nullptr || ASN1_TYPE_set1(any.get(), ASN1_STRING_type(value), value) == 0) {
    ClearErrors();
    return "#";
  }
  unsigned char* der = nullptr;
  const int size = i2d_ASN1_TYPE(any.get(), &der);
  if (size < 0) {
    ClearErrors();
    return "#";
  }
  std::string hex = "#" + Hex(View(der, static_cast<size_t>(size)));
  OPENSSL_free(der);
  return hex;
}

// Returns the number of an attribute type. An arc above 64 bits cannot be written; its replacement
// is not part of any valid attribute type.
std::string DottedText(const ASN1_OBJECT* object, ControlBytes control_bytes) {
  const int size = OBJ_obj2txt(nullptr, 0, object, /*always_return_oid=*/1);
  if (size <= 0) {
    ClearErrors();
    return control_bytes == ControlBytes::kKeep ? std::string(1, '\0') : "\\00";
  }
  std::string dotted(static_cast<size_t>(size) + 1, '\0');
  OBJ_obj2txt(dotted.data(), size + 1, object, /*always_return_oid=*/1);
  dotted.pop_back();
  return dotted;
}

// Appends a value with the escapes of RFC 2253, 2.4.
void AppendEscaped(std::string_view value, ControlBytes control_bytes, std::string* out) {
  for (size_t i = 0; i < value.size(); ++i) {
    char c = value[i];
    bool first = i == 0, last = i + 1 == value.size();
    bool control = static_cast<unsigned char>(c) < 0x20 || c == 0x7f;
    if (control && control_bytes == ControlBytes::kEscape) {
      absl::StrAppend(out, "\\", Hex(value.substr(i, 1)));
      continue;
    }
    if (last && c == ' ') {
      *out += "\\20";  // "\ " could lose its space to readers that trim values
      continue;
    }
    bool special = std::string_view(",+\"\\<>;").find(c) != std::string_view::npos;
    if (special || (first && (c == '#' || c == ' '))) *out += '\\';
    *out += c;
  }
}

void AppendAttribute(const X509_NAME_ENTRY* entry, ControlBytes control_bytes, std::string* out) {
  const auto* object = X509_NAME_ENTRY_get_object(entry);
  const auto* value = X509_NAME_ENTRY_get_data(entry);
  const std::string dotted = DottedText(object, control_bytes);
  const std::string_view keyword = pattern::AttributeKeyword(dotted);
  std::string text;
  *out += keyword.empty() ? dotted : keyword;
  *out += '=';
  // A type without a keyword has no known syntax either (RFC 2253, 2.4).
  if (keyword.empty() || !ToUtf8(value, &text)) {
    *out += DerHex(value);
  } else {
    AppendEscaped(text, control_bytes, out);
  }
}

// Returns all values of the attribute type with this DER that can be decoded, the most specific
// first.
std::vector<std::string> TextsOf(const X509_NAME* name, std::string_view type) {
  std::vector<std::string> texts;
  for (int i = static_cast<int>(X509_NAME_entry_count(name)) - 1; i >= 0; --i) {
    const auto* entry = X509_NAME_get_entry(name, i);
    const auto* object = X509_NAME_ENTRY_get_object(entry);
    if (View(object) != type) continue;
    std::string text;
    if (ToUtf8(X509_NAME_ENTRY_get_data(entry), &text)) texts.push_back(std::move(text));
  }
  return texts;
}

// Returns an empty string unless the address has 4 or 16 bytes (RFC 5280, 4.2.1.6).
std::string AddressText(std::string_view bytes) {
  char text[INET6_ADDRSTRLEN] = "";
  if (bytes.size() != 4 && bytes.size() != 16) return "";
  inet_ntop(bytes.size() == 4 ? AF_INET : AF_INET6, bytes.data(), text, sizeof(text));
  return text;
}

// Returns a Microsoft user principal name (1.3.6.1.4.1.311.20.2.3), which is a UTF8String, or
// nullopt.
std::optional<std::string> UserPrincipalName(const OTHERNAME* name) {
  static constexpr char kUpn[] = "\x2b\x06\x01\x04\x01\x82\x37\x14\x02\x03";
  const std::string_view type = View(name->type_id);
  if (type != std::string_view(kUpn, sizeof(kUpn) - 1)) return std::nullopt;
  if (name->value == nullptr || name->value->type != V_ASN1_UTF8STRING) return std::nullopt;
  return std::string(View(name->value->value.utf8string));
}

void AddGeneralName(const GENERAL_NAME* name, SubjectAltNames* names) {
  int type = -1;
  const void* value = GENERAL_NAME_get0_value(name, &type);
  if (value == nullptr) {
    ++names->other;
    return;
  }
  switch (type) {
    case GEN_DNS:
      names->dns.emplace_back(View(static_cast<const ASN1_STRING*>(value)));
      break;
    case GEN_URI:
      names->uri.emplace_back(View(static_cast<const ASN1_STRING*>(value)));
      break;
    case GEN_EMAIL:
      names->email.emplace_back(View(static_cast<const ASN1_STRING*>(value)));
      break;
    case GEN_IPADD: {
      std::string address = AddressText(View(static_cast<const ASN1_STRING*>(value)));
      if (address.empty()) {
        ++names->other;
      } else {
        names->ip.push_back(std::move(address));
      }
      break;
    }
    case GEN_OTHERNAME: {
      auto upn = UserPrincipalName(static_cast<const OTHERNAME*>(value));
      if (upn) {
        names->upn.push_back(*std::move(upn));
      } else {
        ++names->other;
      }
      break;
    }
    default:
      ++names->other;
  }
}

}  // namespace

std::string RenderName(const X509_NAME* name, ControlBytes control_bytes) {
  std::string text;
  const int count = static_cast<int>(X509_NAME_entry_count(name));
  for (int i = count - 1; i >= 0; --i) {
    const auto* entry = X509_NAME_get_entry(name, i);
    if (i + 1 != count) {
      // Attributes of one relative name have the same set number.
      const auto* previous = X509_NAME_get_entry(name, i + 1);
      text += X509_NAME_ENTRY_set(previous) == X509_NAME_ENTRY_set(entry) ? '+' : ',';
    }
    AppendAttribute(entry, control_bytes, &text);
  }
  return text;
}

std::string Shortened(std::string text, size_t most) {
  if (text.size() <= most) return text;
  size_t end = most;
  while (end > 0 && (static_cast<uint8_t>(text[end]) & 0xc0) == 0x80) --end;
  text.resize(end);
  return text + "...";
}

std::string NameForRecord(const X509_NAME* name) {
  constexpr size_t kMostBytes = 512;
  return Shortened(RenderName(name, ControlBytes::kEscape), kMostBytes);
}

std::optional<std::string> CommonName(const X509_NAME* name) {
  for (int i = static_cast<int>(X509_NAME_entry_count(name)) - 1; i >= 0; --i) {
    const auto* entry = X509_NAME_get_entry(name, i);
    if (OBJ_obj2nid(X509_NAME_ENTRY_get_object(entry)) != NID_commonName) continue;
    std::string text;
    if (!ToUtf8(X509_NAME_ENTRY_get_data(entry), &text)) return std::nullopt;
    return text;
  }
  return "";
}

std::vector<std::string> OrganizationalUnits(const X509_NAME* name) {
  return TextsOf(name, "\x55\x04\x0b");
}

std::vector<std::string> OrganizationIdentifiers(const X509_NAME* name) {
  return TextsOf(name, "\x55\x04\x61");
}

bool ReadSubjectAltNames(X509* certificate, SubjectAltNames* names) {
  *names = SubjectAltNames();
  int critical = -1;
  bssl::UniquePtr<GENERAL_NAMES> list(static_cast<GENERAL_NAMES*>(
      X509_get_ext_d2i(certificate, NID_subject_alt_name, &critical, nullptr)));
  if (list == nullptr) {
    ClearErrors();
    return critical == -1;  // -1: the extension is absent
  }
  for (size_t i = 0; i < sk_GENERAL_NAME_num(list.get()); ++i) {
    AddGeneralName(sk_GENERAL_NAME_value(list.get(), i), names);
  }
  return true;
}

}  // namespace mantlet::x509
