#include "proxy/tls/certificate_names.h"

#include <arpa/inet.h>
#include <openssl/asn1.h>
#include <openssl/mem.h>
#include <openssl/nid.h>
#include <openssl/obj.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <cstdint>
#include <string_view>

#include "absl/strings/str_cat.h"
#include "proxy/tls/hex.h"
#include "proxy/tls/openssl_errors.h"

namespace mantlet::tls {
namespace {

std::string_view View(const ASN1_STRING* string) {
  return {reinterpret_cast<const char*>(ASN1_STRING_get0_data(string)),
          static_cast<size_t>(ASN1_STRING_length(string))};
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

// False if the value is no character string or holds what its encoding forbids.
bool ToUtf8(const ASN1_STRING* value, std::string* text) {
  if (!IsCharacterString(ASN1_STRING_type(value))) return false;
  unsigned char* utf8 = nullptr;
  int length = ASN1_STRING_to_UTF8(&utf8, value);
  if (length < 0) {
    ClearErrors();
    return false;
  }
  text->assign(reinterpret_cast<const char*>(utf8), static_cast<size_t>(length));
  OPENSSL_free(utf8);
  return true;
}

// Tag and length by hand: attribute values are primitive strings, and one that
// cannot be decoded must still be shown byte for byte.
std::string DerHex(const ASN1_STRING* value) {
  std::string_view content = View(value);
  std::string der(1, static_cast<char>(ASN1_STRING_type(value) & 0x1f));
  if (content.size() < 128) {
    der += static_cast<char>(content.size());
  } else {
    std::string length;
    for (size_t rest = content.size(); rest != 0; rest >>= 8) {
      length.insert(length.begin(), static_cast<char>(rest & 0xff));
    }
    der += static_cast<char>(0x80 | length.size());
    der += length;
  }
  der += content;
  return "#" + Hex(der);
}

// RFC 2253, 2.4.
void AppendEscaped(std::string_view value, ControlBytes control_bytes, std::string* out) {
  for (size_t i = 0; i < value.size(); ++i) {
    char c = value[i];
    bool first = i == 0, last = i + 1 == value.size();
    bool control = static_cast<unsigned char>(c) < 0x20 || c == 0x7f;
    if (control && control_bytes == ControlBytes::kEscape) {
      absl::StrAppend(out, "\\", Hex(value.substr(i, 1)));
      continue;
    }
    bool special = std::string_view(",+\"\\<>;").find(c) != std::string_view::npos;
    if (special || (first && (c == '#' || c == ' ')) || (last && c == ' ')) *out += '\\';
    *out += c;
  }
}

void AppendAttribute(const X509_NAME_ENTRY* entry, ControlBytes control_bytes, std::string* out) {
  const auto* object = X509_NAME_ENTRY_get_object(entry);
  const auto* value = X509_NAME_ENTRY_get_data(entry);
  int nid = OBJ_obj2nid(object);
  std::string text;
  if (nid == NID_undef) {
    char dotted[128] = "";
    OBJ_obj2txt(dotted, sizeof(dotted), object, /*always_return_oid=*/1);
    absl::StrAppend(out, dotted, "=", DerHex(value));
  } else if (!ToUtf8(value, &text)) {
    absl::StrAppend(out, OBJ_nid2sn(nid), "=", DerHex(value));
  } else {
    absl::StrAppend(out, OBJ_nid2sn(nid), "=");
    AppendEscaped(text, control_bytes, out);
  }
}

// Empty unless the address has 4 or 16 bytes (RFC 5280, 4.2.1.6).
std::string AddressText(std::string_view bytes) {
  char text[INET6_ADDRSTRLEN] = "";
  if (bytes.size() != 4 && bytes.size() != 16) return "";
  inet_ntop(bytes.size() == 4 ? AF_INET : AF_INET6, bytes.data(), text, sizeof(text));
  return text;
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
      // Attributes of one relative name share their set number.
      const auto* previous = X509_NAME_get_entry(name, i + 1);
      text += X509_NAME_ENTRY_set(previous) == X509_NAME_ENTRY_set(entry) ? '+' : ',';
    }
    AppendAttribute(entry, control_bytes, &text);
  }
  return text;
}

std::string CommonName(const X509_NAME* name) {
  for (int i = static_cast<int>(X509_NAME_entry_count(name)) - 1; i >= 0; --i) {
    const auto* entry = X509_NAME_get_entry(name, i);
    if (OBJ_obj2nid(X509_NAME_ENTRY_get_object(entry)) != NID_commonName) continue;
    std::string text;
    ToUtf8(X509_NAME_ENTRY_get_data(entry), &text);
    return text;
  }
  return "";
}

bool ReadSubjectAltNames(X509* certificate, SubjectAltNames* names) {
  *names = SubjectAltNames();
  int critical = -1;
  bssl::UniquePtr<GENERAL_NAMES> list(static_cast<GENERAL_NAMES*>(
      X509_get_ext_d2i(certificate, NID_subject_alt_name, &critical, nullptr)));
  if (list == nullptr) {
    ClearErrors();
    return critical == -1;  // -1: there is no such extension
  }
  for (size_t i = 0; i < sk_GENERAL_NAME_num(list.get()); ++i) {
    AddGeneralName(sk_GENERAL_NAME_value(list.get(), i), names);
  }
  return true;
}

}  // namespace mantlet::tls
