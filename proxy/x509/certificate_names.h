// Converts the names in certificates to text: distinguished names by RFC 2253, and subject
// alternative names. The issuer controls every byte of them, so nothing is truncated at a NUL, and
// values that cannot be decoded appear as #hex.

#ifndef MANTLET_PROXY_X509_CERTIFICATE_NAMES_H_
#define MANTLET_PROXY_X509_CERTIFICATE_NAMES_H_

#include <optional>
#include <string>
#include <vector>

struct X509_name_st;  // openssl's X509_NAME
struct x509_st;       // openssl's X509

namespace mantlet::x509 {

// ControlBytes is the handling of control bytes (below 0x20, and 0x7f) in a distinguished name.
// Text for people and logs escapes them as \XX. The identity for headers keeps them, because a name
// that contains one must not be forwarded.
enum class ControlBytes { kEscape, kKeep };

// Returns e.g. "CN=client,O=Example\, Inc.,C=DE": the most specific attribute first, UTF-8
// unchanged, a space at the end as \20. Attribute types have the keywords of
// pattern::AttributeKeyword(). Values of types without a keyword, and values that are no character
// string or not valid in their encoding, appear as #hex of the value's DER. An attribute type with
// an arc above 64 bits cannot be written and is replaced by a NUL (a control byte). Empty for an
// empty name.
std::string RenderName(const X509_name_st* name, ControlBytes control_bytes);

// Returns at most `most` bytes, in whole characters, of a text from an untrusted source; "..."
// replaces the rest.
std::string Shortened(std::string text, size_t most);

// Returns RenderName() for a log record: with escaped control bytes, and shortened.
std::string NameForRecord(const X509_name_st* name);

// Returns the last, most specific commonName as UTF-8 with all its bytes; empty if there is none.
// Returns nullopt if it cannot be decoded.
std::optional<std::string> CommonName(const X509_name_st* name);

// Returns every organizationalUnitName that can be decoded, the most specific first, in the same
// form.
std::vector<std::string> OrganizationalUnits(const X509_name_st* name);

// Returns every organizationIdentifier (2.5.4.97) in the same way.
std::vector<std::string> OrganizationIdentifiers(const X509_name_st* name);

struct SubjectAltNames {
  std::vector<std::string> dns;
  std::vector<std::string> uri;
  std::vector<std::string> ip;  // in text form: 127.0.0.1, ::1
  std::vector<std::string> email;
  std::vector<std::string> upn;  // user principal names (otherName), UTF-8
  int other = 0;                 // number of names of other kinds
  bool empty() const {
    return dns.empty() && uri.empty() && ip.empty() && email.empty() && upn.empty() && other == 0;
  }
};

// Reads the names in certificate order. Returns false, with empty `names`, if the extension is
// present and cannot be parsed.
bool ReadSubjectAltNames(x509_st* certificate, SubjectAltNames* names);

}  // namespace mantlet::x509

#endif  // MANTLET_PROXY_X509_CERTIFICATE_NAMES_H_
